"""Score formulas of the REST API → the engine's expressions."""

import qdrant_edge as engine
from qdrant_client.http import models

from .engine_filter import geo_point, to_condition

DECAYS = {
    models.LinDecayExpression: ("lin_decay", engine.DecayKind.Lin),
    models.ExpDecayExpression: ("exp_decay", engine.DecayKind.Exp),
    models.GaussDecayExpression: ("gauss_decay", engine.DecayKind.Gauss),
}
ONE_OPERAND = {
    models.NegExpression: ("neg", engine.Expression.Neg),
    models.AbsExpression: ("abs", engine.Expression.Abs),
    models.SqrtExpression: ("sqrt", engine.Expression.Sqrt),
    models.ExpExpression: ("exp", engine.Expression.Exp),
    models.Log10Expression: ("log10", engine.Expression.Log10),
    models.LnExpression: ("ln", engine.Expression.Ln),
    models.AcoshExpression: ("acosh", engine.Expression.Acosh),
}
MANY_OPERANDS = {
    models.MultExpression: ("mult", engine.Expression.Mult),
    models.SumExpression: ("sum", engine.Expression.Sum),
    models.MaxExpression: ("max", engine.Expression.Max),
    models.MinExpression: ("min", engine.Expression.Min),
}


def expression(value) -> engine.Expression:
    kind = type(value)
    if kind in ONE_OPERAND:
        field, make = ONE_OPERAND[kind]
        return make(expression(getattr(value, field)))
    if kind in MANY_OPERANDS:
        field, make = MANY_OPERANDS[kind]
        return make([expression(item) for item in getattr(value, field)])
    if kind in DECAYS:
        field, decay = DECAYS[kind]
        parameters = getattr(value, field)
        return engine.Expression.Decay(
            decay,
            expression(parameters.x),
            None if parameters.target is None else expression(parameters.target),
            parameters.midpoint,
            parameters.scale,
        )
    match value:
        case float() | int():
            return engine.Expression.Constant(float(value))
        case str():
            return engine.Expression.Variable(value)
        case models.GeoDistance(geo_distance=distance):
            return engine.Expression.GeoDistance(geo_point(distance.origin), distance.to)
        case models.DatetimeExpression(datetime=text):
            return engine.Expression.Datetime(text)
        case models.DatetimeKeyExpression(datetime_key=key):
            return engine.Expression.DatetimeKey(key)
        case models.DivExpression(div=div):
            return engine.Expression.Div(expression(div.left), expression(div.right), div.by_zero_default)
        case models.PowExpression(pow=pow):
            return engine.Expression.Pow(expression(pow.base), expression(pow.exponent))
    return engine.Expression.Condition(to_condition(value))
