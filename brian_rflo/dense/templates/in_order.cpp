{# What lies in `memory` may have changed here. Between groups of rows it keeps the compiler from adding several groups at once, in an order that would depend on
   the length of its loop, and so on the number of threads. #}
{% macro in_order(memory) %}
#if defined(__GNUC__)
asm volatile("" : : "r"({{memory}}) : "memory");
#endif
{% endmacro %}
