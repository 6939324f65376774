"""The page: what a browser loads. A package, so that an installation has it."""
