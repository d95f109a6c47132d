"""What a sight refuses: codes XL6020 and XL6021."""

from xinglin.core.errors import SearchError


class HiddenParameter(SearchError):
    """A parameter whose values are masked for whoever asks: what it finds would tell them."""

    code = "XL6020"
    message = (
        'Records can\'t be searched or sorted by "{name}" here, for you may not see what it finds them by.'
    )
    remedy = "Search by another parameter, or ask under a purpose for which these values aren't masked."
    status = 403
    issue = "forbidden"


class BadRestriction(SearchError):
    """A restriction of a scope that the index can't judge by itself."""

    code = "XL6021"
    message = "The restriction {type}?{query} can't be used: {reason}."
    remedy = (
        "Restrict by codes, references, dates, numbers or starts of texts of the record itself, for example "
        "category=laboratory."
    )
    issue = "not-supported"
