//! The grammar of `records import`, `export`, `list`, `show`, `set` and `fields`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use presetter_records::Object;

use super::{TableFormat, pair};

pub(crate) const RECORDS: &str = "\
Objects:
  users        people of the organisation
  saas_users   accounts at a vendor; each belongs to a software entry
  software     software that is used as a service

Records are what workflows act on. They lie in one file in the folder of data;
every change is kept with its cause.

Examples:
  presetter records import users staff.csv
  presetter records list users --where 'department equals IT'
  presetter records show sarah@example.com
  presetter records set sarah@example.com department=Sales";

pub(crate) const IMPORT: &str = "\
A row finds its record by --key: users by their email, saas_users by software
and external_id, software by its name. A row that is wrong is refused and told
with its line; the others are taken. The same file again changes nothing.

Examples:
  presetter records import users staff.csv --column email='E-mail address'
  presetter records import saas_users mosyle.jsonl --set software=mosyle
  presetter records import users staff.csv --dry-run";

pub(crate) const RULES: &str = "\
A rule is FIELD OPERATOR VALUE; all of several must hold. Operators: equals,
does not equal, begins with, does not begin with, ends with, does not end with,
contains, does not contain, <, <=, >, >=, is empty, is not empty, and for dates
days backward, days forward. Texts are compared without case.

Examples:
  presetter records list users --where 'end_date days backward 30'
  presetter records list saas_users --where 'role equals ADMIN' --format json";

pub(crate) const EXPORT: &str = "\
In CSV a text that a spreadsheet would run gets a ' in front, which importing
takes away again.

Examples:
  presetter records export users -o staff.csv --separator ';' --mark
  presetter records export users --as jsonl --where 'department equals IT'";

pub(crate) const SET: &str = "\
RECORD is an id (u-12, a-3, s-1), or the e-mail address of an active user.
FIELD= empties a field.

Examples:
  presetter records set sarah@example.com title='Head of IT' end_date=
  presetter records set u-12 --archive
  presetter records set new software name=mosyle title=Mosyle";

pub(crate) const FIELDS: &str = "\
A file declares fields by object and name; types are short_text, long_text,
number, decimal, date, checkbox and dropdown (with its options):

  [users.mosyle_user_id]
  type = \"short_text\"
  title = \"Id in Mosyle\"

Fields that the file does not name stay, unless --remove is given. Where a type
changes, values are converted, or nothing is changed and the records are named.

Examples:
  presetter records fields users
  presetter records fields --declare fields.toml";

#[derive(Debug, Subcommand)]
pub(crate) enum RecordsVerb {
    /// Takes records from a file: CSV, JSON or JSON Lines
    #[command(after_help = IMPORT)]
    Import(RecordsImportArgs),
    /// Writes records as CSV, JSON or JSON Lines
    #[command(after_help = EXPORT)]
    Export(RecordsExportArgs),
    /// Lists records
    #[command(after_help = RULES)]
    List(RecordsListArgs),
    /// Shows a record, and all that happened to it
    Show(RecordsShowArgs),
    /// Changes a record, archives it, or makes a new one
    #[command(after_help = SET)]
    Set(RecordsSetArgs),
    /// Shows the fields of records, or declares more
    #[command(after_help = FIELDS)]
    Fields(RecordsFieldsArgs),
}

/// The form of a file of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RecordsForm {
    /// A header, and a line for each record
    Csv,
    /// A list of objects
    Json,
    /// An object a line
    Jsonl,
}

#[derive(Debug, Args)]
pub(crate) struct RecordsImportArgs {
    /// users, saas_users or software
    pub(crate) object: Object,
    /// The file; - reads standard input
    #[arg(value_name = "FILE|-")]
    pub(crate) file: PathBuf,
    /// The form of the file, where its name does not end with it
    #[arg(long = "as", value_enum, value_name = "FORM")]
    pub(crate) form: Option<RecordsForm>,
    /// A field by which a row finds its record; several together
    #[arg(long, value_name = "FIELD")]
    pub(crate) key: Vec<String>,
    /// A field whose column has another header
    #[arg(long, value_name = "FIELD=HEADER", value_parser = pair)]
    pub(crate) column: Vec<(String, String)>,
    /// A value for a field that the rows don't have
    #[arg(long, value_name = "FIELD=VALUE", value_parser = pair)]
    pub(crate) set: Vec<(String, String)>,
    /// Create records that are not there, and leave the others alone
    #[arg(long, conflicts_with = "update_only")]
    pub(crate) create_only: bool,
    /// Update records that are there, and create none
    #[arg(long)]
    pub(crate) update_only: bool,
    /// Put archived records in use again where a row is of one; else such a row is refused
    #[arg(long)]
    pub(crate) reactivate: bool,
    /// What stands between cells of CSV, where its header doesn't tell: , or ; or tab
    #[arg(long, value_name = "CHAR", value_parser = separator)]
    pub(crate) separator: Option<u8>,
    /// Leave columns alone that belong to no field; else such a file is refused
    #[arg(long)]
    pub(crate) ignore_unknown: bool,
    /// An empty cell leaves its field as it is; else it empties it
    #[arg(long)]
    pub(crate) keep_empty: bool,
    /// Write all refused rows to a file: line, field, reason as JSON Lines
    #[arg(long, value_name = "FILE")]
    pub(crate) refused: Option<PathBuf>,
    /// Only tell what would change
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// How the report is printed
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
}

/// Which records.
#[derive(Debug, Args)]
pub(crate) struct WhichArgs {
    /// A rule that they match: FIELD OPERATOR VALUE; all of several
    #[arg(long = "where", value_name = "RULE")]
    pub(crate) rules: Vec<String>,
    /// Archived ones, in place of active ones
    #[arg(long, conflicts_with = "all")]
    pub(crate) archived: bool,
    /// Archived ones too
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RecordsExportArgs {
    /// users, saas_users or software
    pub(crate) object: Object,
    /// The file, which must not be there yet; else standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// The form, where the file's name does not end with it [default: csv]
    #[arg(long = "as", value_enum, value_name = "FORM")]
    pub(crate) form: Option<RecordsForm>,
    /// A column, in their order: a field, id or state; else all of them
    #[arg(long, value_name = "FIELD")]
    pub(crate) field: Vec<String>,
    #[command(flatten)]
    pub(crate) which: WhichArgs,
    /// What stands between cells of CSV: , or ; or tab
    #[arg(long, value_name = "CHAR", value_parser = separator, default_value = ",")]
    pub(crate) separator: u8,
    /// Begin CSV with a mark by which Excel knows UTF-8
    #[arg(long)]
    pub(crate) mark: bool,
    /// Write texts as they are, also where a spreadsheet would run them
    #[arg(long)]
    pub(crate) as_they_are: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RecordsListArgs {
    /// users, saas_users or software
    pub(crate) object: Object,
    #[command(flatten)]
    pub(crate) which: WhichArgs,
    /// A column, in their order; else the usual ones
    #[arg(long, value_name = "FIELD")]
    pub(crate) field: Vec<String>,
    /// At most so many
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// How they are printed; json prints one object a line
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
}

#[derive(Debug, Args)]
pub(crate) struct RecordsShowArgs {
    /// An id, or the e-mail address of an active user
    pub(crate) record: String,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
}

#[derive(Debug, Args)]
pub(crate) struct RecordsSetArgs {
    /// An id, the e-mail address of an active user, or `new OBJECT` for a record that is not there
    pub(crate) record: String,
    /// FIELD=VALUE
    #[arg(value_name = "FIELD=VALUE")]
    pub(crate) values: Vec<String>,
    /// Put it out of use
    #[arg(long, conflicts_with = "reactivate")]
    pub(crate) archive: bool,
    /// Put it in use again
    #[arg(long)]
    pub(crate) reactivate: bool,
    /// Why, for the history
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RecordsFieldsArgs {
    /// users, saas_users or software; else all
    pub(crate) object: Option<Object>,
    /// A file with declarations
    #[arg(long, value_name = "FILE", conflicts_with = "object")]
    pub(crate) declare: Option<PathBuf>,
    /// Remove declared fields that the file does not name; their history stays
    #[arg(long, requires = "declare")]
    pub(crate) remove: bool,
    /// How they are printed
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) format: TableFormat,
}

fn separator(text: &str) -> Result<u8, String> {
    match text {
        "," | ";" | "\t" => Ok(text.as_bytes()[0]),
        "tab" | "\\t" => Ok(b'\t'),
        _ => Err("cells are separated by a comma, a semicolon or a tab".to_owned()),
    }
}
