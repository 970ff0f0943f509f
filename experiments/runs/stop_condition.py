"""The condition on a day's measures under which a run ends: `held_km2 > 900 and day >= 30`.

The grammar is that of `pokrovsk analyse --box`: names of measures (and `day`), numbers, + - * /, comparisons, `and`, `or`,
`not`, brackets. A condition is looked at after every day; one that compares a figure without a value is not met.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Mapping

from sim.errors import InputError, did_you_mean

ARITHMETIC = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
COMPARISONS = {
    **{ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Lt: operator.lt, ast.LtE: operator.le},
    **{ast.Eq: operator.eq, ast.NotEq: operator.ne},
}


class StopCondition:
    """A condition, read once and then asked of every day. InputError when it is not one."""

    def __init__(self, text: str):
        from sim.measures import MEASURES

        self.text = " ".join(text.split())
        try:
            self._tree = ast.parse(self.text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise self._refused("is not a condition") from None
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Name) and node.id not in MEASURES and node.id != "day":
                raise self._refused(f"has the unknown measure {node.id!r}", did_you_mean(node.id, MEASURES))
        if not self._is_condition(self._tree):
            raise self._refused("is not a condition")

    def _refused(self, what: str, hint: str = "") -> InputError:
        return InputError(f'stop_when: {self.text!r} {what}; allowed: comparisons of measures and `day` such as "held_km2 > 900 and day >= 30".{hint}')

    def _is_condition(self, node: ast.expr) -> bool:
        match node:
            case ast.BoolOp():
                return all(map(self._is_condition, node.values))
            case ast.UnaryOp(op=ast.Not()):
                return self._is_condition(node.operand)
            case ast.Compare():
                return all(type(op) in COMPARISONS for op in node.ops) and all(map(self._is_number, (node.left, *node.comparators)))
        return False

    def _is_number(self, node: ast.expr) -> bool:
        match node:
            case ast.Constant(value=int() | float()):
                return not isinstance(node.value, bool)
            case ast.Name():
                return True
            case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
                return self._is_number(node.operand)
            case ast.BinOp():
                return type(node.op) in ARITHMETIC and self._is_number(node.left) and self._is_number(node.right)
        return False

    def is_met(self, figures: Mapping[str, float]) -> bool:
        """Whether the figures of a day, `day` among them, meet it. NaN compares as false; so does a division by zero."""
        try:
            return bool(self._value(self._tree, figures))
        except ZeroDivisionError:
            return False

    def _value(self, node: ast.expr, figures: Mapping[str, float]) -> float | bool:
        match node:
            case ast.BoolOp():
                join = all if isinstance(node.op, ast.And) else any
                return join(self._value(part, figures) for part in node.values)
            case ast.UnaryOp():
                value = self._value(node.operand, figures)
                return not value if isinstance(node.op, ast.Not) else -value if isinstance(node.op, ast.USub) else value
            case ast.Compare():
                values = [self._value(part, figures) for part in (node.left, *node.comparators)]
                return all(COMPARISONS[type(op)](a, b) for op, a, b in zip(node.ops, values, values[1:], strict=False))
            case ast.BinOp():
                return ARITHMETIC[type(node.op)](self._value(node.left, figures), self._value(node.right, figures))
            case ast.Name():
                return float(figures[node.id])
            case ast.Constant():
                return float(node.value)  # type: ignore[arg-type]
        raise AssertionError(ast.dump(node))
