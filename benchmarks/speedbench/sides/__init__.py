"""What is timed: one module for each kind of package, one function for each kind of work.

A function builds its inputs and returns a call without arguments, which does the work once and
returns the values and the gradient (None if only values are wanted).
"""
