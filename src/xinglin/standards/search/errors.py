"""What can be wrong with a search: codes XL6001 to XL6014."""

from xinglin.core.errors import SearchError


class UnknownParameter(SearchError):
    """The resource type has no such search parameter."""

    code = "XL6001"
    message = '{type} has no search parameter "{name}".'
    remedy = 'Did you mean "{nearest}"? `Prefer: handling=lenient` leaves out parameters that are not known.'
    issue = "not-supported"


class UnknownModifier(SearchError):
    """The modifier doesn't exist, or not for this type of parameter."""

    code = "XL6002"
    message = 'The modifier ":{modifier}" can\'t be used on "{name}", a parameter of type {kind}.'
    remedy = "Modifiers that can be used here: {allowed}."
    issue = "not-supported"


class BadValue(SearchError):
    """The value isn't of the parameter's type."""

    code = "XL6003"
    message = 'The value "{value}" of "{name}" isn\'t a {kind}.'
    remedy = "Write it like this: {example}."
    issue = "value"


class EmptyValue(SearchError):
    """A parameter without a value would silently find everything."""

    code = "XL6004"
    message = 'The search parameter "{name}" has no value.'
    remedy = "Give a value, or leave the parameter out."
    issue = "value"


class NoReference(SearchError):
    """Only a reference can be followed to another record."""

    code = "XL6005"
    message = '"{name}" is of type {kind}, not a reference, so it can\'t be followed to another record.'
    remedy = "Chain, `_has` and `_include` through a parameter of type reference: {references}."


class NoTarget(SearchError):
    """No type that the reference may point to has the parameter."""

    code = "XL6006"
    message = 'No record that "{name}" may point to ({targets}) has a search parameter "{rest}".'
    remedy = "Name the type, as in `{name}:Patient.birthdate`, and one of its search parameters."


class TooMuch(SearchError):
    """More than one search may ask for."""

    code = "XL6007"
    message = "The search asks for {count} {what}; at most {limit} are allowed."
    remedy = "Split it into several searches, or ask the operator to raise the limit."
    issue = "too-costly"


class UnknownType(SearchError):
    """There is no such resource type, or it can't stand here."""

    code = "XL6008"
    message = '"{type}" in "{name}" isn\'t a resource type that can stand here.'
    remedy = 'Did you mean "{nearest}"?'


class NotSupported(SearchError):
    """Part of the specification that this hub leaves out."""

    code = "XL6009"
    message = 'The search parameter "{name}" isn\'t supported: {reason}.'
    remedy = "Leave it out; the hub's CapabilityStatement lists what can be searched by."
    issue = "not-supported"


class BadInclude(SearchError):
    """The value of `_include` or `_revinclude` can't be read."""

    code = "XL6010"
    message = 'The value "{value}" of {name} names no reference to follow.'
    remedy = "Write source type, parameter and, if wished, target type, as in `Observation:subject:Patient`."
    issue = "value"


class BadSort(SearchError):
    """There is no order by this parameter."""

    code = "XL6011"
    message = 'Results can\'t be sorted by "{name}", a parameter of type {kind}.'
    remedy = "Sort by parameters with an order: {allowed}."
    issue = "not-supported"


class Repeated(SearchError):
    """A parameter that shapes the answer is given more than once."""

    code = "XL6012"
    message = '"{name}" is given more than once.'
    remedy = "Give it once."


class BadParameter(SearchError):
    """A SearchParameter resource that can't be used for searching."""

    code = "XL6013"
    message = 'The search parameter definition "{url}" can\'t be used: {reason}.'
    remedy = "Correct the SearchParameter record, then add it again."
    issue = "processing"


class UnknownValueSet(SearchError):
    """The codes to look among aren't known here."""

    code = "XL6014"
    message = (
        'The value set or code system "{url}" isn\'t known here, so ":{modifier}" can\'t be carried out.'
    )
    remedy = "Install the package that defines it, or list the codes separated by commas."
    issue = "not-found"
