"""Error answers, as the providers word them."""

import json
from typing import Any

ERROR_SHAPES = ("openai", "mistral", "openrouter", "fastapi", "google", "html")

_WORDS = {
    400: ("invalid_request_error", "Invalid request: one of the fields cannot be used."),
    401: ("invalid_request_error", "Incorrect API key provided."),
    402: ("unknown_error", "Insufficient Balance"),
    403: ("permission_error", "You do not have access to this resource."),
    404: ("invalid_request_error", "The model does not exist or you do not have access to it."),
    422: ("invalid_request_error", "Unprocessable entity: a field has a wrong value."),
    429: ("rate_limit_exceeded", "Rate limit reached for requests. Please try again in 2s."),
    498: ("capacity_exceeded", "Flex tier capacity exceeded."),
    500: ("server_error", "The server had an error while processing your request."),
    502: ("upstream_error", "Provider returned error"),
    503: ("service_unavailable", "The engine is currently overloaded, please try again later."),
    529: ("overloaded_error", "Overloaded"),
}


def error_payload(shape: str, status: int, message: str | None = None) -> str:
    """The text of an error in one of `ERROR_SHAPES`; None for words that fit the status."""
    kind, words = _WORDS.get(status, ("server_error", "Something went wrong."))
    message = words if message is None else message
    if shape == "html":
        return (
            f"<html>\r\n<head><title>{status} Error</title></head>\r\n<body>\r\n"
            f"<center><h1>{status}</h1><p>{message}</p></center>\r\n<hr><center>nginx</center>\r\n"
            "</body>\r\n</html>\r\n"
        )
    body: dict[str, Any]
    if shape == "mistral":
        body = {"object": "error", "message": message, "type": kind, "param": None, "code": "3000"}
    elif shape == "openrouter":
        metadata = {"provider_name": "Scripted", "raw": message}
        body = {
            "error": {"code": status, "message": message, "metadata": metadata},
            "user_id": "user_1",
        }
    elif shape == "fastapi":
        body = {
            "detail": [
                {"type": "value_error", "loc": ["body", "messages"], "msg": message, "input": None}
            ]
        }
    elif shape == "google":
        error = {"code": status, "message": message, "status": kind.upper()}
        return json.dumps([{"error": error}], ensure_ascii=False)
    else:
        code = "model_not_found" if status == 404 else kind
        body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return json.dumps(body, ensure_ascii=False)


def error_content_type(shape: str) -> str:
    """The Content-Type of an error answer in that shape."""
    return "text/html" if shape == "html" else "application/json"
