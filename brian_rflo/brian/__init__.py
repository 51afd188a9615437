"""The layer between this package and Brian2.

Objects and their construction, names in strings, statements that run in some steps only, targets,
programs and modules and how they are compiled.
"""
