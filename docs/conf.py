"""The site: ``python -m sphinx -W --keep-going -j 2 docs build/site``."""

import os
import sys
from importlib import metadata
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_ROOT = _HERE.parent
sys.path[:0] = [str(_ROOT), str(_HERE / "extensions")]

# Cells run in processes of their own, which inherit this.
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
)

# What cells compile runs for seconds; compiling it well would take longer.
os.environ["XLA_FLAGS"] = (
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true "
    "--xla_cpu_parallel_codegen_split_count=1"
)
if tuple(map(int, metadata.version("jaxlib").split(".")[:2])) < (0, 11):
    # Later versions do not know it, and end the process.
    os.environ["XLA_FLAGS"] += " --xla_cpu_use_fusion_emitters=false"

from esoftmax_jax import __version__  # noqa: E402

project = "esoftmax_jax"
version = release = __version__
language = "en"
html_show_copyright = False
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    # In docs/extensions.
    "built_pages",
    "links_of_pages",
    "mathml",
    "navigation",
    "notebooks",
    "public_names",
]
exclude_patterns = ["extensions"]

# A cell that raises, warns or takes longer than this is a warning, and fails the build when all
# pages have run. An error would end it at the first, without the cell's traceback.
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_show_tb = True
nb_execution_timeout = 180  # on a busy machine
nb_merge_streams = True
nb_output_stderr = "remove-warn"
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
myst_heading_anchors = 4
myst_url_schemes = {"http": None, "https": None, "mailto": None, "site": "{{path}}"}

autodoc_member_order = "bysource"
autodoc_typehints = "none"
autosummary_generate = False
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_attr_annotations = False
python_maximum_signature_line_length = 120
add_module_names = False
html_math_renderer = "mathml"

html_theme = "furo"
html_title = "esoftmax_jax"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_extra_path = ["playground.html"]
html_copy_source = False
html_show_sphinx = False
pygments_dark_style = "monokai"
