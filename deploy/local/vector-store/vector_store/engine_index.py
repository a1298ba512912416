"""Payload index schemas of the REST API → the engine's."""

import qdrant_edge as engine
from qdrant_client.http import models

from .engine_config import memory
from .errors import BadFormat

SHARED = ("is_tenant", "is_principal", "lookup", "range", "prefix", "on_disk", "enable_hnsw", "nested")


def index_schema(schema: "models.PayloadFieldSchema"):
    if isinstance(schema, models.PayloadSchemaType):
        return getattr(engine.PayloadSchemaType, schema.value.capitalize())
    if isinstance(schema, models.TextIndexParams):
        return _text(schema)
    given = {name: getattr(schema, name) for name in SHARED if getattr(schema, name, None) is not None}
    kind = getattr(engine, type(schema).__name__)
    return kind(**given, memory=memory(schema.memory))


def index_schema_type(schema: "models.PayloadFieldSchema") -> str:
    return schema.value if isinstance(schema, models.PayloadSchemaType) else schema.type.value


def _text(schema: models.TextIndexParams) -> engine.TextIndexParams:
    return engine.TextIndexParams(
        tokenizer=None if schema.tokenizer is None else getattr(engine.TokenizerType, schema.tokenizer.value.capitalize()),
        min_token_len=schema.min_token_len,
        max_token_len=schema.max_token_len,
        lowercase=schema.lowercase,
        ascii_folding=schema.ascii_folding,
        phrase_matching=schema.phrase_matching,
        stopwords=_stopwords(schema.stopwords),
        on_disk=schema.on_disk,
        stemmer=_stemmer(schema.stemmer),
        enable_hnsw=schema.enable_hnsw,
        memory=memory(schema.memory),
        scoring=_scoring(schema.scoring),
        nested=schema.nested,
    )


def _stopwords(stopwords):
    if stopwords is None:
        return None
    if isinstance(stopwords, models.Language):
        return engine.StopwordsSet(languages={_language(engine.Language, stopwords)})
    languages = {_language(engine.Language, language) for language in stopwords.languages or []}
    return engine.StopwordsSet(languages=languages or None, custom=set(stopwords.custom or []) or None)


def _stemmer(stemmer):
    match stemmer:
        case None:
            return None
        case models.SnowballParams(language=language):
            return engine.SnowballParams(_language(engine.SnowballLanguage, language))
    return engine.DisabledStemmer()


def _scoring(scoring):
    if scoring is None or isinstance(scoring, bool):
        return scoring
    return engine.TextScoringParams(engine.TextScoringType.Bm25)


def _language(kind, language):
    name = language.value.capitalize()
    if not hasattr(kind, name):
        raise BadFormat(f"unknown language {language.value}")
    return getattr(kind, name)
