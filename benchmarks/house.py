"""Hold the code to its numbers: modules, functions, parameters. Exits 1 where one is missed."""

import ast
import statistics
import sys
from pathlib import Path

MODULE_LINES, MEDIAN_LINES, FUNCTION_LINES, SHARE, PARAMETERS = 500, 150, 50, 0.95, 8


def functions(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a module."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Number of parameters a caller sees (self and cls left out)."""
    names = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    return sum(name not in ("self", "cls") for name in names)


def main() -> int:
    """Measure `src`, print the figures and what breaks them."""
    source = Path(__file__).resolve().parent.parent / "src"
    sizes: list[int] = []
    lengths: list[int] = []
    faults: list[str] = []
    for path in sorted(source.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        name = path.relative_to(source.parent)
        sizes.append(text.count("\n"))
        if sizes[-1] > MODULE_LINES:
            faults.append(f"{name}: {sizes[-1]} lines, {MODULE_LINES} at most")
        for node in functions(ast.parse(text)):
            lengths.append((node.end_lineno or node.lineno) - node.lineno + 1)
            if parameters(node) > PARAMETERS:
                faults.append(f"{name}:{node.lineno} {node.name}: {parameters(node)} parameters, {PARAMETERS} at most")
    within = sum(length <= FUNCTION_LINES for length in lengths) / len(lengths)
    median = statistics.median(sizes)
    if median > MEDIAN_LINES:
        faults.append(f"the median module has {median:.0f} lines, {MEDIAN_LINES} at most")
    if within < SHARE:
        faults.append(f"{within:.1%} of functions are within {FUNCTION_LINES} lines, {SHARE:.0%} at least")
    print(f"{len(sizes)} modules, median {median:.0f} lines, longest {max(sizes)}; ", end="")
    print(f"{len(lengths)} functions, {within:.1%} within {FUNCTION_LINES} lines")
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
