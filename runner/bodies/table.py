"""All bodies by their key: each has a file here and a line below."""

from __future__ import annotations

from ..model.kinds import Body
from . import form, graphql, json_body, multipart, raw, xml

BODIES: dict[str, Body] = {
    body.name: body
    for body in (
        json_body.JsonBody(),
        form.FormBody(),
        multipart.MultipartBody(),
        raw.RawBody(),
        xml.XmlBody(),
        graphql.GraphqlBody(),
    )
}
