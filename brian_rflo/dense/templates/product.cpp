{# A matrix product for histories: out[i][j] += sum over rows of g[row][i]*c[row][j], in tiles that stay in registers. The rows
   are padded with zeros to whole tiles. On several threads each takes some columns; `stride` is the length of their rows. #}
namespace {
template <typename T> void _add_product(T* out, const T* g, const T* c, const int rows, const size_t g_stride, const size_t c_stride, const int n_i, const int n_j{{", const size_t stride" if threads > 1}})
{
#if defined(__AVX512F__)
    const int tile_i = 8, tile_j = 128/sizeof(T);
#else
    const int tile_i = 4, tile_j = 64/sizeof(T);
#endif
#if defined(__GNUC__)
    const int lanes = tile_j/2;
    typedef T vector __attribute__((vector_size(lanes*sizeof(T)), aligned(sizeof(T)), may_alias));
    for (int j = 0; j < n_j; j += tile_j)
        for (int i = 0; i < n_i; i += tile_i)
        {
            vector sum[tile_i][2] = {};
            for (int row = 0; row < rows; row++)
            {
                const T* const gs = g + row*g_stride + i;
                const vector left = *(const vector*)(c + row*c_stride + j), right = *(const vector*)(c + row*c_stride + j + lanes);
                #pragma GCC unroll 8
                for (int a = 0; a < tile_i; a++)
                {
                    sum[a][0] += gs[a]*left;
                    sum[a][1] += gs[a]*right;
                }
            }
            for (int a = 0; a < tile_i && i + a < n_i; a++)
                for (int b = 0; b < tile_j && j + b < n_j; b++)
                    out[(size_t)(i + a)*{{"stride" if threads > 1 else "n_j"}} + j + b] += sum[a][b/lanes][b%lanes];
        }
#else
    for (int i = 0; i < n_i; i++)
        for (int row = 0; row < rows; row++)
            for (int j = 0; j < n_j; j++)
                out[(size_t)i*{{"stride" if threads > 1 else "n_j"}} + j] += g[row*g_stride + i]*c[row*c_stride + j];
#endif
}
}
