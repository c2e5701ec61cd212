"""Sphinx's settings. Run build.py, which gathers the pages first."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # Sphinx runs this file without its folder

from mathml import as_block, as_inline, nothing
from sphinx.application import Sphinx

project = "ganjax"
extensions = ["myst_nb"]
nb_execution_mode = "off"  # the tests run the notebooks
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]
myst_heading_anchors = 4
html_theme = "furo"
html_title = "ganjax"
html_math_renderer = "mathml"
html_show_sphinx = html_copy_source = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100
pygments_style = "friendly"
smartquotes = False  # quotes and dots stay as they are written: they may be code


def setup(app: Sphinx) -> None:
    app.add_html_math_renderer("mathml", (as_inline, nothing), (as_block, nothing))
