"""`python -m glassformer` is `glassformer`."""

import sys

from glassformer.cli import main

sys.exit(main())
