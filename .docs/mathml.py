"""LaTeX as MathML, which browsers draw by themselves: no script, nothing to fetch."""

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.writers.html5 import HTML5Translator


def as_inline(translator: HTML5Translator, node: nodes.math) -> None:
    translator.body.append(convert(node.astext(), display="inline"))
    raise nodes.SkipNode


def as_block(translator: HTML5Translator, node: nodes.math_block) -> None:
    translator.body.append(convert(node.astext(), display="block"))
    raise nodes.SkipNode


def nothing(translator: HTML5Translator, node: nodes.Node) -> None:
    """What there is to do after a formula."""
