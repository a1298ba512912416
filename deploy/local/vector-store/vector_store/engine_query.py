"""Queries of the REST API → the engine's query requests: nearest, recommend, discover, context, fusion, formula and the rest."""

from collections.abc import Callable
from typing import Any

import qdrant_edge as engine
from qdrant_client.http import models

from .engine_filter import iso_time, to_filter, without_points
from .engine_formula import expression
from .engine_points import bm25, one_vector, point_id
from .errors import BadInput, BadValue, NotOffered

LIMIT_DEFAULT = 10
RRF_K_DEFAULT = 2
MMR_DIVERSITY_DEFAULT = 0.5
# Codes find twice as many as are asked for, and the vectors themselves say which of them are nearest.
QUANTIZATION_DEFAULT = engine.QuantizationSearchParams(False, True, 2.0)

# Gives the stored vector of a point of a collection: (id, vector name, where to look) → vector. Raises NotFound.
LookUp = Callable[[Any, str, models.LookupLocation | None], Any]


class QueryBuilder:
    """Builds one request. Points that serve as examples are excluded from what it finds, as in Qdrant."""

    def __init__(self, look_up: LookUp) -> None:
        self._look_up = look_up

    def request(self, request: models.QueryRequest, *, limit: int | None = None) -> engine.QueryRequest:
        limit = _at_least_one("limit", request.limit if limit is None else limit)
        query, examples = self._query(request, limit)
        return engine.QueryRequest(
            limit=limit,
            offset=_not_negative("offset", request.offset),
            query=query,
            prefetches=self._prefetches(request.prefetch),
            with_vector=with_vector(request.with_vector, False),
            with_payload=with_payload(request.with_payload, False),
            filter=without_points(to_filter(request.filter), examples),
            score_threshold=request.score_threshold,
            params=search_params(request.params),
        )

    def _prefetches(self, prefetch) -> list[engine.Prefetch]:
        if prefetch is None:
            return []
        return [self._prefetch(item) for item in (prefetch if isinstance(prefetch, list) else [prefetch])]

    def _prefetch(self, prefetch: models.Prefetch) -> engine.Prefetch:
        limit = _at_least_one("prefetch.limit", prefetch.limit)
        query, examples = self._query(prefetch, limit)
        return engine.Prefetch(
            limit=limit,
            query=query,
            prefetches=self._prefetches(prefetch.prefetch),
            params=search_params(prefetch.params),
            filter=without_points(to_filter(prefetch.filter), examples),
            score_threshold=prefetch.score_threshold,
        )

    def _query(self, request: models.QueryRequest | models.Prefetch, limit: int) -> tuple[Any, list]:
        """The engine's query, and the points that it takes as examples."""
        query = request.query
        using = request.using or ""
        examples: list = []

        def vector(value):
            return self._input(value, using, request.lookup_from, examples)

        match query:
            case None:
                return None, []
            case models.NearestQuery(nearest=nearest, mmr=None):
                return engine.Query.Nearest(vector(nearest), using), examples
            case models.NearestQuery(nearest=nearest, mmr=mmr):
                diversity = MMR_DIVERSITY_DEFAULT if mmr.diversity is None else mmr.diversity
                if not 0 <= diversity <= 1:
                    raise BadValue("mmr.diversity", f"value {diversity} invalid, must be from 0 to 1")
                return engine.Mmr(vector(nearest), 1 - diversity, mmr.candidates_limit or limit, using), examples
            case models.RecommendQuery(recommend=recommend):
                return recommend_query(recommend, vector, using), examples
            case models.DiscoverQuery(discover=discover):
                pairs = _pairs(discover.context, vector)
                return engine.Query.Discover(engine.DiscoverQuery(vector(discover.target), pairs), using), examples
            case models.ContextQuery(context=context):
                return engine.Query.Context(engine.ContextQuery(_pairs(context, vector)), using), examples
            case models.RelevanceFeedbackQuery(relevance_feedback=feedback):
                naive = feedback.strategy.naive
                items = [engine.FeedbackItem(vector(item.example), item.score) for item in feedback.feedback]
                strategy = engine.NaiveFeedbackStrategy(naive.a, naive.b, naive.c)
                return engine.Query.FeedbackNaive(engine.FeedbackNaiveQuery(vector(feedback.target), items, strategy), using), examples
            case models.OrderByQuery(order_by=order):
                return order_by(order), []
            case models.FusionQuery(fusion=fusion):
                _needs_prefetch(request, "fusion")
                return (engine.Fusion.Rrf(RRF_K_DEFAULT) if fusion == models.Fusion.RRF else engine.Fusion.Dbsf()), []
            case models.RrfQuery(rrf=rrf):
                _needs_prefetch(request, "rrf")
                k = RRF_K_DEFAULT if rrf.k is None else rrf.k
                if k < 1:
                    raise BadValue("rrf.k", f"value {k} invalid, must be 1 or larger")
                return engine.Fusion.Rrf(k, rrf.weights), []
            case models.FormulaQuery(formula=formula, defaults=defaults):
                _needs_prefetch(request, "formula")
                return engine.Formula(expression(formula), defaults), []
            case models.SampleQuery():
                return engine.Sample.Random, []
            case models.TextQuery(text=text):
                return _text_query(text, using), []
        return engine.Query.Nearest(vector(query), using), examples

    def _input(self, value, using: str, lookup_from, examples: list):
        match value:
            case models.Document():
                return bm25(value, as_query=True)
            case list() | models.SparseVector():
                return one_vector(value)
            case models.Image() | models.InferenceObject():
                return one_vector(value)
        id = point_id(value)
        found = self._look_up(id, using, lookup_from)
        if lookup_from is None:
            examples.append(id)
        return found


def recommend_query(recommend: models.RecommendInput, vector, using: str):
    positives = [vector(value) for value in recommend.positive or []]
    negatives = [vector(value) for value in recommend.negative or []]
    strategy = recommend.strategy or models.RecommendStrategy.AVERAGE_VECTOR
    if strategy == models.RecommendStrategy.AVERAGE_VECTOR:
        if not positives:
            raise BadInput("At least one positive vector ID required with this strategy")
        return engine.Query.Nearest(average_vector(positives, negatives), using)
    if not positives and not negatives:
        raise BadInput("At least one positive or negative vector ID required with this strategy")
    query = engine.RecommendQuery(positives, negatives)
    if strategy == models.RecommendStrategy.BEST_SCORE:
        return engine.Query.RecommendBestScore(query, using)
    return engine.Query.RecommendSumScores(query, using)


def average_vector(positives: list, negatives: list):
    """avg(positives), or 2 · avg(positives) − avg(negatives): Qdrant's definition."""
    if any(isinstance(item, engine.SparseVector) for item in positives + negatives):
        return _average_sparse(positives, negatives)
    if any(item and isinstance(item[0], list) for item in positives + negatives):
        raise NotOffered("the strategy average_vector over multivectors: use best_score or sum_scores")
    if len({len(item) for item in positives + negatives}) > 1:
        raise BadInput("vectors must have the same dimension")
    plus = [sum(column) / len(positives) for column in zip(*positives)]
    if not negatives:
        return plus
    minus = [sum(column) / len(negatives) for column in zip(*negatives)]
    return [2 * a - b for a, b in zip(plus, minus)]


def _average_sparse(positives: list, negatives: list):
    sums: dict[int, float] = {}
    for vectors, factor in ((positives, 2.0 if negatives else 1.0), (negatives, -1.0)):
        for vector in vectors:
            if not isinstance(vector, engine.SparseVector):
                raise BadInput("sparse and dense examples can't be mixed")
            for index, value in zip(vector.indices, vector.values):
                sums[index] = sums.get(index, 0.0) + factor * value / len(vectors)
    return engine.SparseVector(list(sums), list(sums.values()))


def order_by(order: "models.OrderByInterface") -> engine.OrderBy:
    if isinstance(order, str):
        return engine.OrderBy(order)
    direction = None if order.direction is None else getattr(engine.Direction, order.direction.value.capitalize())
    start = order.start_from
    return engine.OrderBy(order.key, direction, iso_time(start) if hasattr(start, "isoformat") else start)


def search_params(params: models.SearchParams | None) -> engine.SearchParams:
    if params is None:
        return engine.SearchParams(quantization=QUANTIZATION_DEFAULT)
    quantization, acorn, idf = params.quantization, params.acorn, params.idf
    return engine.SearchParams(
        hnsw_ef=params.hnsw_ef,
        exact=bool(params.exact),
        quantization=QUANTIZATION_DEFAULT
        if quantization is None
        else engine.QuantizationSearchParams(bool(quantization.ignore), quantization.rescore, quantization.oversampling),
        indexed_only=bool(params.indexed_only),
        acorn=None if acorn is None else engine.AcornSearchParams(bool(acorn.enable), acorn.max_selectivity),
        idf=engine.IdfParams(to_filter(idf.corpus)) if isinstance(idf, models.IdfCorpusParams) else None,
    )


def with_payload(value: "models.WithPayloadInterface | None", default: bool):
    match value:
        case None:
            return default
        case models.PayloadSelectorInclude(include=keys):
            return engine.PayloadSelector.Include(keys)
        case models.PayloadSelectorExclude(exclude=keys):
            return engine.PayloadSelector.Exclude(keys)
    return value


def with_vector(value: "models.WithVector | None", default: bool):
    return default if value is None else value


def _pairs(context, vector) -> list[engine.ContextPair]:
    pairs = context if isinstance(context, list) else [context]
    return [engine.ContextPair(vector(pair.positive), vector(pair.negative)) for pair in pairs]


def _text_query(text: "models.TextInterface", field: str) -> engine.TextQuery:
    if field == "":
        raise BadInput("a text query names the payload field with `using`")
    if isinstance(text, str):
        return engine.TextQuery(field, text)
    bm25_params = None if text.scoring is None else engine.Bm25Params(text.scoring.bm25.k, text.scoring.bm25.b)
    return engine.TextQuery(field, text.query, bm25_params)


def _needs_prefetch(request, kind: str) -> None:
    if not request.prefetch:
        raise BadInput(f"A query of kind {kind} needs at least one prefetch")


def _at_least_one(field: str, value: int | None) -> int:
    value = LIMIT_DEFAULT if value is None else value
    if value < 1:
        raise BadValue(field, f"value {value} invalid, must be 1 or larger")
    return value


def _not_negative(field: str, value: int | None) -> int:
    value = value or 0
    if value < 0:
        raise BadValue(field, f"value {value} invalid, must be 0 or larger")
    return value
