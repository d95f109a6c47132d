"""What can be wrong with a mapping, a table or a row: XL7200-XL7249."""

from xinglin.core.errors import IntakeError


class UnreadableMapping(IntakeError):
    """A mapping file isn't YAML."""

    code = "XL7200"
    message = "The mapping {file} can't be read: line {line}: {detail}."
    remedy = "Correct the line; the file must be YAML 1.2 in UTF-8."
    issue = "structure"


class WrongMapping(IntakeError):
    """A mapping file says something that the mapping language doesn't know."""

    code = "XL7201"
    message = "The mapping {file} is wrong at line {line}: {detail}."
    remedy = "Correct the line as docs/mapping-language.md describes; `xinglin mapping check` checks it."
    issue = "structure"


class UnknownMapping(IntakeError):
    """A mapping is named that nobody wrote."""

    code = "XL7202"
    message = "There is no mapping {name}."
    remedy = (
        "See `xinglin mapping list`, or put the mapping's file into the folder `mappings` of the hub's home."
    )
    issue = "not-found"


class UnknownTable(IntakeError):
    """No line at the beginning of a table is the header of a known data set."""

    code = "XL7203"
    message = "None of the first {lines} lines is the header of a known data set."
    remedy = (
        "Send a header line with the columns' Chinese names, data element ids or internal ids, or declare "
        "your own names (docs/connect-tables.md)."
    )
    issue = "structure"


class MissingColumns(IntakeError):
    """The header lacks columns without which no row can be understood."""

    code = "XL7204"
    message = "The table looks like {mapping}, but lacks the columns {columns}."
    remedy = "Send these columns, or declare the names that your table has for them (`column.NAME`)."
    issue = "required"


class AmbiguousTable(IntakeError):
    """The header fits several data sets equally well."""

    code = "XL7205"
    message = "The header fits several data sets equally well: {mappings}."
    remedy = "Declare for this source which one it is (`mapping=NAME`)."
    issue = "structure"


class WrongCell(IntakeError):
    """A cell can't be read as what its column holds."""

    code = "XL7206"
    message = "The column {column} can't be read: {detail}."
    remedy = "Correct the cell at its source and send the row again."
    issue = "value"


class LostDigits(IntakeError):
    """A spreadsheet has rounded a long number."""

    code = "XL7207"
    message = "The column {column} holds a number that a spreadsheet has rounded; its last digits are lost."
    remedy = "Export again from the system with this column as text: Excel keeps 15 digits only."
    issue = "value"


class TooManyCells(IntakeError):
    """A row has more cells than the header has columns."""

    code = "XL7208"
    message = "The row has {found} cells, the header {expected}."
    remedy = "Put text that contains the separator between double quotes."
    issue = "structure"


class NoKey(IntakeError):
    """A row doesn't say whose record it is."""

    code = "XL7209"
    message = "The row has nothing that identifies its {resource}: {columns}."
    remedy = "Send the row with at least one of them."
    issue = "required"


class OpenQuote(IntakeError):
    """A double quote opens and nothing closes it."""

    code = "XL7210"
    message = "A double quote opens in this line and isn't closed within {limit} lines or characters."
    remedy = "Close the quote, or double it where it is part of the text."
    issue = "structure"


class UnreadableWorkbook(IntakeError):
    """An Excel or OpenDocument file that can't be opened."""

    code = "XL7211"
    message = "The workbook can't be read: {detail}."
    remedy = "Save it again without a password, or export CSV."
    issue = "structure"


class TooLargeWorkbook(IntakeError):
    """A workbook that would unpack to more than can be held in memory."""

    code = "XL7212"
    message = "The workbook unpacks to {size} MB; at most {limit} MB are read."
    remedy = "Export CSV: it may be of any size."
    issue = "too-costly"


class WrongDeclaration(IntakeError):
    """A declaration of a source that this format doesn't know."""

    code = "XL7213"
    message = 'The declaration {name} can\'t be "{value}"; it can be {choices}.'
    remedy = "Correct what is declared for this source."
    issue = "invalid"


class LongRow(IntakeError):
    """A line longer than any row can be."""

    code = "XL7214"
    message = "The line is longer than {limit} bytes."
    remedy = "Send one row a line; documents and images don't belong into tables."
    issue = "too-long"


class UnreadableTable(IntakeError):
    """A file that is no table."""

    code = "XL7215"
    message = "The file {file} is neither a text table nor a workbook."
    remedy = "Send CSV with a header line, or xlsx, xls or ods."
    issue = "structure"


class PersonOnly(IntakeError):
    """A header that fits a data set only by the columns that tell who somebody is."""

    code = "XL7216"
    message = (
        "The header has only the person's columns of {mapping}; the columns {columns} aren't known to it. "
        "Nearest are {nearest}."
    )
    remedy = (
        "Send the columns that the nearest data set lacks, or declare the names that your table has for them "
        "(`column.NAME`); if {mapping} is meant, declare `mapping={mapping}`."
    )
    issue = "structure"
