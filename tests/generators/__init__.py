"""Problems that carry their own answer, and slow references that share no code with the package."""
