"""Text for formats that hold nothing but valid UTF-8."""


def valid_text(text: str) -> str:
    r"""Return ``text`` with each half of a surrogate pair written as ``\udXXX``, as in CSV."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def valid_value(value: object) -> object:
    """Return a text, or a list or mapping of values, in which every text is valid."""
    if isinstance(value, str):
        return valid_text(value)
    if isinstance(value, list):
        return [valid_value(part) for part in value]
    if isinstance(value, dict):
        return {key: valid_value(part) for key, part in value.items()}
    return value
