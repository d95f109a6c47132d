"""What can be wrong with a search once it is understood: codes XL6015 to XL6020."""

from xinglin.core.errors import SearchError


class TooLong(SearchError):
    """The search took longer than the setting allows."""

    code = "XL6015"
    message = "The search needed more than {seconds} seconds."
    remedy = (
        "Narrow it, for example by patient, code or date, or ask the operator to raise the setting "
        "search_timeout_seconds."
    )
    status = 503
    issue = "too-costly"


class BadPage(SearchError):
    """A place in the results that isn't one this hub gave for this search."""

    code = "XL6016"
    message = "The page asked for can't be read."
    remedy = "Follow the links that the hub gave, unchanged, or search again from the first page."
    issue = "value"


class TooManyToSort(SearchError):
    """Codes, references and addresses have no order in the index, so all that is found must be read."""

    code = "XL6017"
    message = 'More than {limit} records are found; so many can\'t be sorted by "{name}".'
    remedy = "Narrow the search, or sort by a date, number or string, _id or _lastUpdated."
    issue = "too-costly"


class TooManyToCheck(SearchError):
    """A condition that the index answers only in part, within a chain, finds too much."""

    code = "XL6018"
    message = "More than {limit} records of type {type} would have to be read to follow the chain."
    remedy = "Narrow the condition at the end of the chain."
    issue = "too-costly"


class TooManyIncluded(SearchError):
    """More comes along with a page than the setting allows."""

    code = "XL6019"
    message = "More than {limit} records would come along with this page."
    remedy = "Ask for a smaller page with _count, or for fewer inclusions."
    issue = "too-costly"
