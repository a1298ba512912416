"""Filters of the REST API → the engine's filters. The meaning is the engine's, so it is Qdrant's."""

from datetime import datetime

import qdrant_edge as engine
from qdrant_client.http import models

from .engine_points import point_id
from .errors import BadFormat, NotOffered


def to_filter(filter: models.Filter | None) -> engine.Filter | None:
    if filter is None:
        return None
    return engine.Filter(
        must=_conditions(filter.must),
        should=_conditions(filter.should),
        must_not=_conditions(filter.must_not),
        min_should=None
        if filter.min_should is None
        else engine.MinShould(_conditions(filter.min_should.conditions) or [], filter.min_should.min_count),
    )


def without_points(filter: engine.Filter | None, ids: list) -> engine.Filter | None:
    """The filter, and none of these points: a search by example does not find the example."""
    if not ids:
        return filter
    excluded = engine.HasIdCondition(set(ids))
    if filter is None:
        return engine.Filter(must_not=[excluded])
    return engine.Filter(must=[filter], must_not=[excluded])


def _conditions(conditions) -> list | None:
    if conditions is None:
        return None
    return [to_condition(item) for item in (conditions if isinstance(conditions, list) else [conditions])]


def to_condition(condition):
    match condition:
        case models.FieldCondition():
            return _field(condition)
        case models.IsEmptyCondition(is_empty=field):
            return engine.IsEmptyCondition(field.key)
        case models.IsNullCondition(is_null=field):
            return engine.IsNullCondition(field.key)
        case models.HasIdCondition(has_id=ids):
            return engine.HasIdCondition({point_id(id) for id in ids})
        case models.HasVectorCondition(has_vector=name):
            return engine.HasVectorCondition(name)
        case models.NestedCondition(nested=nested):
            return engine.NestedCondition(nested.key, to_filter(nested.filter))
        case models.Filter():
            return to_filter(condition)
    raise NotOffered("the engine has no slice condition")


def _field(condition: models.FieldCondition) -> engine.FieldCondition:
    if all(value is None for name, value in condition if name != "key"):
        raise BadFormat(f"the condition on `{condition.key}` says nothing: at least one of its fields must be set")
    return engine.FieldCondition(
        key=condition.key,
        match=None if condition.match is None else _match(condition.match),
        range=None if condition.range is None else _range(condition.range),
        geo_bounding_box=None
        if condition.geo_bounding_box is None
        else engine.GeoBoundingBox(geo_point(condition.geo_bounding_box.top_left), geo_point(condition.geo_bounding_box.bottom_right)),
        geo_radius=None if condition.geo_radius is None else engine.GeoRadius(geo_point(condition.geo_radius.center), condition.geo_radius.radius),
        geo_polygon=None
        if condition.geo_polygon is None
        else engine.GeoPolygon(
            [geo_point(point) for point in condition.geo_polygon.exterior.points],
            [[geo_point(point) for point in line.points] for line in condition.geo_polygon.interiors or []],
        ),
        values_count=None
        if condition.values_count is None
        else engine.ValuesCount(
            lt=condition.values_count.lt, gt=condition.values_count.gt, lte=condition.values_count.lte, gte=condition.values_count.gte
        ),
        is_empty=condition.is_empty,
        is_null=condition.is_null,
    )


def _match(match):
    match match:
        case models.MatchValue(value=value):
            return engine.MatchValue(value)
        case models.MatchText(text=text):
            return engine.MatchText(text)
        case models.MatchTextAny(text_any=text):
            return engine.MatchTextAny(text)
        case models.MatchPhrase(phrase=phrase):
            return engine.MatchPhrase(phrase)
        case models.MatchPrefix(prefix=prefix):
            return engine.MatchPrefix(prefix)
        case models.MatchSubstring(substring=substring):
            return engine.MatchSubstring(substring)
        case models.MatchAny(any=values):
            return engine.MatchAny(values)
    return engine.MatchExcept(match.except_)


def _range(range):
    bounds = {name: getattr(range, name) for name in ("gte", "gt", "lte", "lt")}
    if isinstance(range, models.Range):
        return engine.RangeFloat(**bounds)
    return engine.RangeDateTime(**{name: None if value is None else iso_time(value) for name, value in bounds.items()})


def iso_time(value) -> str:
    """A time without a zone is UTC, as in Qdrant."""
    text = value.isoformat()
    return text + "Z" if isinstance(value, datetime) and value.tzinfo is None else text


def geo_point(point: models.GeoPoint) -> engine.GeoPoint:
    return engine.GeoPoint(point.lon, point.lat)
