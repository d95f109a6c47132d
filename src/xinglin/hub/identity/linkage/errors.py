"""What can be wrong with the files that are to be linked, and with a model."""

from xinglin.core.errors import IntakeError


class ExtraMissing(IntakeError):
    """Splink and DuckDB aren't installed, or what speaks with Spark."""

    code = "XL7720"
    message = "Linking people needs parts that aren't installed: {detail}."
    remedy = "Install Xinglin with its extra '{extra}': pip install 'xinglin[{extra}]'."
    exit_code = 10


class UnusableMap(IntakeError):
    """The map from columns to fields can't be used."""

    code = "XL7721"
    message = "The map of columns {file} can't be used: {detail}."
    remedy = (
        "Write one line each, such as 'surname: FAMILY_NAME'; 'id' is needed. Fields: id, given_name, "
        "surname, full_name, sex, birth_date, identity_number, phone, street_number, address_line, "
        "address_line2, city, postal_code, state."
    )


class MissingColumn(IntakeError):
    """A file lacks a column that the map names."""

    code = "XL7722"
    message = "The file {file} has no column {column}; it has: {present}."
    remedy = "Correct the map of columns, or the first line of the file."


class UnusableTable(IntakeError):
    """A file isn't a table in UTF-8 or GB 18030 CSV."""

    code = "XL7723"
    message = "The file {file} can't be read as a table: {detail}."
    remedy = "Save it as CSV in UTF-8, with the names of the columns in its first line."


class EmptyTable(IntakeError):
    """A file has no rows."""

    code = "XL7724"
    message = "The file {file} has no rows."
    remedy = "Check the export that made it."


class UnusableIds(IntakeError):
    """Ids are empty or stand twice."""

    code = "XL7725"
    message = "In {file}, {count} rows have an id that is empty or stands there before, the first: {example}."
    remedy = "Give each row an id of its own, or name another column as id in the map."


class OutputIsInput(IntakeError):
    """What is written would replace what is read."""

    code = "XL7729"
    message = "{file} is one of the files that are read: the links would replace it."
    remedy = "Give another file with --out."


class NothingToLearn(IntakeError):
    """The data give a model nothing to learn from."""

    code = "XL7726"
    message = "No model can be trained: {detail}."
    remedy = "Give more rows or more columns, or a model trained before."


class UnusableModel(IntakeError):
    """A stored model can't be used."""

    code = "XL7727"
    message = "The model can't be used: {detail}."
    remedy = "Train it again with 'xinglin identity run' or 'xinglin identity link'."


class UnusableTruth(IntakeError):
    """The file with the truth can't be used."""

    code = "XL7728"
    message = "The truth in {file} can't be used: {detail}."
    remedy = (
        "Give a CSV with the columns 'id_left' and 'id_right' (pairs), or 'id' and 'entity' (whose it is)."
    )


class ClusterFailed(IntakeError):
    """The Spark cluster can't be reached, or failed."""

    code = "XL7718"
    message = "The Spark cluster {remote} can't do the work: {detail}."
    remedy = (
        "Look whether it runs and its workers have Python with duckdb and pyarrow; or empty the setting "
        "spark_remote, and this machine does it."
    )
    status = 503
    issue = "transient"
    exit_code = 11
