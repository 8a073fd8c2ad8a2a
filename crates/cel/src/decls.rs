//! The functions and their overloads, as signatures.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::types::Type;

/// A function, whatever the types that it is called with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Func {
    Conditional,
    And,
    Or,
    Not,
    Negate,
    Equal,
    NotEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Index,
    OptIndex,
    In,
    Size,
    TypeOf,
    ToBool,
    ToBytes,
    ToDouble,
    ToDuration,
    ToDyn,
    ToInt,
    ToString,
    ToTimestamp,
    ToUint,
    Contains,
    EndsWith,
    StartsWith,
    Matches,
    GetFullYear,
    GetMonth,
    GetDayOfYear,
    GetDayOfMonth,
    GetDate,
    GetDayOfWeek,
    GetHours,
    GetMinutes,
    GetSeconds,
    GetMilliseconds,
    OptionalOf,
    OptionalOfNonZero,
    OptionalNone,
    OptionalValue,
    HasValue,
    OptionalOr,
    OrValue,
    First,
    Last,
    Unwrap,
    CharAt,
    IndexOf,
    LastIndexOf,
    LowerAscii,
    UpperAscii,
    Replace,
    Split,
    Substring,
    Trim,
    Format,
    Quote,
    Join,
    Reverse,
    IsSorted,
    Sum,
    Max,
    Min,
    Slice,
    Flatten,
    Sort,
    ListsRange,
    Distinct,
    SetsContains,
    SetsEquivalent,
    SetsIntersects,
    Find,
    FindAll,
    IsUrl,
    Url,
    GetScheme,
    GetHost,
    GetHostname,
    GetPort,
    GetEscapedPath,
    GetQuery,
    IsQuantity,
    Quantity,
    Sign,
    IsGreaterThan,
    IsLessThan,
    CompareTo,
    AsApproximateFloat,
    AsInteger,
    IsInteger,
    QuantityAdd,
    QuantitySub,
    IsIp,
    Ip,
    Family,
    IpIsCanonical,
    IsUnspecified,
    IsLoopback,
    IsLinkLocalMulticast,
    IsLinkLocalUnicast,
    IsGlobalUnicast,
    IsCidr,
    Cidr,
    ContainsIp,
    ContainsCidr,
    PrefixLength,
    Masked,
    FormatNamed,
    FormatConstant,
    Validate,
    IsSemver,
    Semver,
    Major,
    Minor,
    Patch,
    AuthzPath,
    AuthzGroup,
    AuthzServiceAccount,
    AuthzResource,
    AuthzSubresource,
    AuthzNamespace,
    AuthzName,
    AuthzFieldSelector,
    AuthzLabelSelector,
    AuthzCheck,
    DecisionErrored,
    DecisionError,
    DecisionAllowed,
    DecisionReason,
    JsonPatchEscapeKey,
    MathGreatest,
    MathLeast,
    MathCeil,
    MathFloor,
    MathRound,
    MathTrunc,
    MathAbs,
    MathSign,
    MathIsNan,
    MathIsInf,
    MathIsFinite,
    MathSqrt,
    MathBitAnd,
    MathBitOr,
    MathBitXor,
    MathBitNot,
    MathBitShiftLeft,
    MathBitShiftRight,
    Base64Encode,
    Base64Decode,
    /// A function of the host, by its index in the environment.
    Host(u16),
}

/// A group of functions that an environment has or has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Library {
    /// What every CEL has.
    Standard,
    /// Optional values.
    Optionals,
    /// Functions on strings, as of version 2 of the extension.
    Strings,
    /// `'x'.reverse()`, from version 3 of the strings extension on.
    StringsReverse,
    /// Kubernetes' functions on lists: `isSorted`, `sum`, `min`, `max`, `indexOf`.
    KubernetesLists,
    /// The list extension: `slice`, `flatten`, `sort`, `distinct` …
    Lists,
    /// `sets.contains` …
    Sets,
    /// `find` and `findAll`.
    Regex,
    /// `url()` …
    Urls,
    /// `quantity()` …
    Quantities,
    /// `ip()`, `cidr()` …
    Network,
    /// `format.dns1123Label()` …
    Formats,
    /// `semver()` …
    Semver,
    /// `authorizer` and its checks.
    Authorization,
    /// `jsonpatch.escapeKey`
    JsonPatch,
    /// `math.greatest` …; not in Kubernetes.
    Math,
    /// `base64.encode` …; not in Kubernetes.
    Encoders,
}

/// One way to call a function.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Overload {
    /// Whether it is called on a receiver, which is the first argument.
    pub(crate) member: bool,
    pub(crate) args: Vec<Type>,
    pub(crate) result: Type,
    /// The type parameters are `Param(0)` to `Param(params - 1)`.
    pub(crate) params: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct Declaration {
    pub(crate) func: Func,
    pub(crate) overloads: Vec<(Library, Overload)>,
}

const COMPARABLE: [&str; 8] = ["int", "uint", "double", "bool", "duration", "timestamp", "string", "bytes"];
const SUMMABLE: [&str; 4] = ["int", "uint", "double", "duration"];
const NUMERIC: [&str; 3] = ["int", "uint", "double"];

/// `.name` in front of the arguments makes a member; `$C`, `$S`, `$N` stand for each comparable, summable, numeric
/// type in turn; single capitals are type parameters.
type Row = (Library, &'static str, Func, &'static [&'static str]);

const COMPARISONS: &[&str] = &[
    "($C,$C)bool",
    "(int,double)bool",
    "(int,uint)bool",
    "(uint,double)bool",
    "(uint,int)bool",
    "(double,int)bool",
    "(double,uint)bool",
];

const TIME: &[&str] = &[".(timestamp)int", ".(timestamp,string)int"];
const TIME_OR_DURATION: &[&str] = &[".(timestamp)int", ".(timestamp,string)int", ".(duration)int"];

#[rustfmt::skip]
const ROWS: &[Row] = {
    use Func as F;
    use Library as L;
    &[
    (L::Standard, "_?_:_", F::Conditional, &["(bool,A,A)A"]),
    (L::Standard, "_&&_", F::And, &["(bool,bool)bool"]),
    (L::Standard, "_||_", F::Or, &["(bool,bool)bool"]),
    (L::Standard, "!_", F::Not, &["(bool)bool"]),
    (L::Standard, "-_", F::Negate, &["(double)double", "(int)int"]),
    (L::Standard, "_==_", F::Equal, &["(A,A)bool"]),
    (L::Standard, "_!=_", F::NotEqual, &["(A,A)bool"]),
    (L::Standard, "_+_", F::Add, &[
        "(bytes,bytes)bytes", "(double,double)double", "(duration,duration)duration",
        "(duration,timestamp)timestamp", "(timestamp,duration)timestamp", "(int,int)int",
        "(list(A),list(A))list(A)", "(string,string)string", "(uint,uint)uint",
    ]),
    (L::Standard, "_-_", F::Subtract, &[
        "(double,double)double", "(duration,duration)duration", "(int,int)int",
        "(timestamp,duration)timestamp", "(timestamp,timestamp)duration", "(uint,uint)uint",
    ]),
    (L::Standard, "_*_", F::Multiply, &["($N,$N)$N"]),
    (L::Standard, "_/_", F::Divide, &["($N,$N)$N"]),
    (L::Standard, "_%_", F::Modulo, &["(int,int)int", "(uint,uint)uint"]),
    (L::Standard, "_<_", F::Less, COMPARISONS),
    (L::Standard, "_<=_", F::LessEqual, COMPARISONS),
    (L::Standard, "_>_", F::Greater, COMPARISONS),
    (L::Standard, "_>=_", F::GreaterEqual, COMPARISONS),
    (L::Standard, "_[_]", F::Index, &["(list(A),int)A", "(map(A,B),A)B"]),
    (L::Standard, "@in", F::In, &["(A,list(A))bool", "(A,map(A,B))bool"]),
    (L::Standard, "size", F::Size, &[
        "(bytes)int", ".(bytes)int", "(list(A))int", ".(list(A))int", "(map(A,B))int", ".(map(A,B))int",
        "(string)int", ".(string)int",
    ]),
    (L::Standard, "type", F::TypeOf, &["(A)type(A)"]),
    (L::Standard, "bool", F::ToBool, &["(bool)bool", "(string)bool"]),
    (L::Standard, "bytes", F::ToBytes, &["(bytes)bytes", "(string)bytes"]),
    (L::Standard, "double", F::ToDouble, &["(double)double", "(int)double", "(string)double", "(uint)double"]),
    (L::Standard, "duration", F::ToDuration, &["(duration)duration", "(string)duration"]),
    (L::Standard, "dyn", F::ToDyn, &["(A)dyn"]),
    (L::Standard, "int", F::ToInt, &[
        "(int)int", "(double)int", "(duration)int", "(string)int", "(timestamp)int", "(uint)int",
    ]),
    (L::Standard, "string", F::ToString, &[
        "(string)string", "(bool)string", "(bytes)string", "(double)string", "(duration)string", "(int)string",
        "(timestamp)string", "(uint)string",
    ]),
    (L::Standard, "timestamp", F::ToTimestamp, &["(timestamp)timestamp", "(int)timestamp", "(string)timestamp"]),
    (L::Standard, "uint", F::ToUint, &["(uint)uint", "(double)uint", "(int)uint", "(string)uint"]),
    (L::Standard, "contains", F::Contains, &[".(string,string)bool"]),
    (L::Standard, "endsWith", F::EndsWith, &[".(string,string)bool"]),
    (L::Standard, "startsWith", F::StartsWith, &[".(string,string)bool"]),
    (L::Standard, "matches", F::Matches, &["(string,string)bool", ".(string,string)bool"]),
    (L::Standard, "getFullYear", F::GetFullYear, TIME),
    (L::Standard, "getMonth", F::GetMonth, TIME),
    (L::Standard, "getDayOfYear", F::GetDayOfYear, TIME),
    (L::Standard, "getDayOfMonth", F::GetDayOfMonth, TIME),
    (L::Standard, "getDate", F::GetDate, TIME),
    (L::Standard, "getDayOfWeek", F::GetDayOfWeek, TIME),
    (L::Standard, "getHours", F::GetHours, TIME_OR_DURATION),
    (L::Standard, "getMinutes", F::GetMinutes, TIME_OR_DURATION),
    (L::Standard, "getSeconds", F::GetSeconds, TIME_OR_DURATION),
    (L::Standard, "getMilliseconds", F::GetMilliseconds, TIME_OR_DURATION),

    (L::Optionals, "optional.of", F::OptionalOf, &["(A)optional(A)"]),
    (L::Optionals, "optional.ofNonZeroValue", F::OptionalOfNonZero, &["(A)optional(A)"]),
    (L::Optionals, "optional.none", F::OptionalNone, &["()optional(A)"]),
    (L::Optionals, "value", F::OptionalValue, &[".(optional(A))A"]),
    (L::Optionals, "hasValue", F::HasValue, &[".(optional(A))bool"]),
    (L::Optionals, "or", F::OptionalOr, &[".(optional(A),optional(A))optional(A)"]),
    (L::Optionals, "orValue", F::OrValue, &[".(optional(A),A)A"]),
    (L::Optionals, "_[?_]", F::OptIndex, &[
        "(list(A),int)optional(A)", "(optional(list(A)),int)optional(A)", "(map(A,B),A)optional(B)",
        "(optional(map(A,B)),A)optional(B)",
    ]),
    (L::Optionals, "_[_]", F::Index, &["(optional(list(A)),int)optional(A)", "(optional(map(A,B)),A)optional(B)"]),
    (L::Optionals, "first", F::First, &[".(list(A))optional(A)"]),
    (L::Optionals, "last", F::Last, &[".(list(A))optional(A)"]),
    (L::Optionals, "optional.unwrap", F::Unwrap, &["(list(optional(A)))list(A)"]),
    (L::Optionals, "unwrapOpt", F::Unwrap, &[".(list(optional(A)))list(A)"]),

    (L::Strings, "charAt", F::CharAt, &[".(string,int)string"]),
    (L::Strings, "indexOf", F::IndexOf, &[".(string,string)int", ".(string,string,int)int"]),
    (L::Strings, "lastIndexOf", F::LastIndexOf, &[".(string,string)int", ".(string,string,int)int"]),
    (L::Strings, "lowerAscii", F::LowerAscii, &[".(string)string"]),
    (L::Strings, "upperAscii", F::UpperAscii, &[".(string)string"]),
    (L::Strings, "replace", F::Replace, &[".(string,string,string)string", ".(string,string,string,int)string"]),
    (L::Strings, "split", F::Split, &[".(string,string)list(string)", ".(string,string,int)list(string)"]),
    (L::Strings, "substring", F::Substring, &[".(string,int)string", ".(string,int,int)string"]),
    (L::Strings, "trim", F::Trim, &[".(string)string"]),
    (L::Strings, "format", F::Format, &[".(string,list(dyn))string"]),
    (L::Strings, "strings.quote", F::Quote, &["(string)string"]),
    (L::Strings, "join", F::Join, &[".(list(string))string", ".(list(string),string)string"]),
    (L::StringsReverse, "reverse", F::Reverse, &[".(string)string"]),

    (L::KubernetesLists, "isSorted", F::IsSorted, &[".(list($C))bool"]),
    (L::KubernetesLists, "sum", F::Sum, &[".(list($S))$S"]),
    (L::KubernetesLists, "max", F::Max, &[".(list($C))$C"]),
    (L::KubernetesLists, "min", F::Min, &[".(list($C))$C"]),
    (L::KubernetesLists, "indexOf", F::IndexOf, &[".(list(A),A)int"]),
    (L::KubernetesLists, "lastIndexOf", F::LastIndexOf, &[".(list(A),A)int"]),

    (L::Lists, "slice", F::Slice, &[".(list(A),int,int)list(A)"]),
    (L::Lists, "flatten", F::Flatten, &[".(list(list(A)))list(A)", ".(list(dyn),int)list(dyn)"]),
    (L::Lists, "sort", F::Sort, &[".(list($C))list($C)"]),
    (L::Lists, "lists.range", F::ListsRange, &["(int)list(int)"]),
    (L::Lists, "reverse", F::Reverse, &[".(list(A))list(A)"]),
    (L::Lists, "distinct", F::Distinct, &[".(list(A))list(A)"]),

    (L::Sets, "sets.contains", F::SetsContains, &["(list(A),list(A))bool"]),
    (L::Sets, "sets.equivalent", F::SetsEquivalent, &["(list(A),list(A))bool"]),
    (L::Sets, "sets.intersects", F::SetsIntersects, &["(list(A),list(A))bool"]),

    (L::Regex, "find", F::Find, &[".(string,string)string"]),
    (L::Regex, "findAll", F::FindAll, &[".(string,string)list(string)", ".(string,string,int)list(string)"]),

    (L::Urls, "url", F::Url, &["(string)kubernetes.URL"]),
    (L::Urls, "isURL", F::IsUrl, &["(string)bool"]),
    (L::Urls, "getScheme", F::GetScheme, &[".(kubernetes.URL)string"]),
    (L::Urls, "getHost", F::GetHost, &[".(kubernetes.URL)string"]),
    (L::Urls, "getHostname", F::GetHostname, &[".(kubernetes.URL)string"]),
    (L::Urls, "getPort", F::GetPort, &[".(kubernetes.URL)string"]),
    (L::Urls, "getEscapedPath", F::GetEscapedPath, &[".(kubernetes.URL)string"]),
    (L::Urls, "getQuery", F::GetQuery, &[".(kubernetes.URL)map(string,list(string))"]),

    (L::Quantities, "quantity", F::Quantity, &["(string)kubernetes.Quantity"]),
    (L::Quantities, "isQuantity", F::IsQuantity, &["(string)bool"]),
    // Declared as a global function, although it is documented as a member.
    (L::Quantities, "sign", F::Sign, &["(kubernetes.Quantity)int"]),
    (L::Quantities, "isGreaterThan", F::IsGreaterThan, &[".(kubernetes.Quantity,kubernetes.Quantity)bool"]),
    (L::Quantities, "isLessThan", F::IsLessThan, &[".(kubernetes.Quantity,kubernetes.Quantity)bool"]),
    (L::Quantities, "compareTo", F::CompareTo, &[".(kubernetes.Quantity,kubernetes.Quantity)int"]),
    (L::Quantities, "asApproximateFloat", F::AsApproximateFloat, &[".(kubernetes.Quantity)double"]),
    (L::Quantities, "asInteger", F::AsInteger, &[".(kubernetes.Quantity)int"]),
    (L::Quantities, "isInteger", F::IsInteger, &[".(kubernetes.Quantity)bool"]),
    (L::Quantities, "add", F::QuantityAdd, &[
        ".(kubernetes.Quantity,kubernetes.Quantity)kubernetes.Quantity", ".(kubernetes.Quantity,int)kubernetes.Quantity",
    ]),
    (L::Quantities, "sub", F::QuantitySub, &[
        ".(kubernetes.Quantity,kubernetes.Quantity)kubernetes.Quantity", ".(kubernetes.Quantity,int)kubernetes.Quantity",
    ]),

    (L::Network, "ip", F::Ip, &["(string)net.IP", ".(net.CIDR)net.IP"]),
    (L::Network, "isIP", F::IsIp, &["(string)bool"]),
    (L::Network, "family", F::Family, &[".(net.IP)int"]),
    (L::Network, "ip.isCanonical", F::IpIsCanonical, &["(string)bool"]),
    (L::Network, "isUnspecified", F::IsUnspecified, &[".(net.IP)bool"]),
    (L::Network, "isLoopback", F::IsLoopback, &[".(net.IP)bool"]),
    (L::Network, "isLinkLocalMulticast", F::IsLinkLocalMulticast, &[".(net.IP)bool"]),
    (L::Network, "isLinkLocalUnicast", F::IsLinkLocalUnicast, &[".(net.IP)bool"]),
    (L::Network, "isGlobalUnicast", F::IsGlobalUnicast, &[".(net.IP)bool"]),
    (L::Network, "string", F::ToString, &["(net.IP)string", "(net.CIDR)string"]),
    (L::Network, "cidr", F::Cidr, &["(string)net.CIDR"]),
    (L::Network, "isCIDR", F::IsCidr, &["(string)bool"]),
    (L::Network, "containsIP", F::ContainsIp, &[".(net.CIDR,string)bool", ".(net.CIDR,net.IP)bool"]),
    (L::Network, "containsCIDR", F::ContainsCidr, &[".(net.CIDR,string)bool", ".(net.CIDR,net.CIDR)bool"]),
    (L::Network, "prefixLength", F::PrefixLength, &[".(net.CIDR)int"]),
    (L::Network, "masked", F::Masked, &[".(net.CIDR)net.CIDR"]),

    (L::Formats, "format.named", F::FormatNamed, &["(string)optional(kubernetes.NamedFormat)"]),
    (L::Formats, "validate", F::Validate, &[".(kubernetes.NamedFormat,string)optional(list(string))"]),
    (L::Formats, "format.dns1123Label", F::FormatConstant, &["()kubernetes.NamedFormat"]),
    (L::Formats, "format.dns1123Subdomain", F::FormatConstant, &["()kubernetes.NamedFormat"]),
    (L::Formats, "format.dns1035Label", F::FormatConstant, &["()kubernetes.NamedFormat"]),
    (L::Formats, "format.qualifiedName", F::FormatConstant, &["()kubernetes.NamedFormat"]),
    (L::Formats, "format.dns1123LabelPrefix", F::FormatConstant, &["()kubernetes.NamedFormat"]),
    (L::Formats, "format.dns1123SubdomainPrefix", F::FormatConstant, &["()kubernetes.NamedFormat"]),
    (L::Formats, "format.dns1035LabelPrefix", F::FormatConstant, &["()kubernetes.NamedFormat"]),
    (L::Formats, "format.labelValue", F::FormatConstant, &["()kubernetes.NamedFormat"]),
    (L::Formats, "format.uri", F::FormatConstant, &["()kubernetes.NamedFormat"]),
    (L::Formats, "format.uuid", F::FormatConstant, &["()kubernetes.NamedFormat"]),
    (L::Formats, "format.byte", F::FormatConstant, &["()kubernetes.NamedFormat"]),
    (L::Formats, "format.date", F::FormatConstant, &["()kubernetes.NamedFormat"]),
    (L::Formats, "format.datetime", F::FormatConstant, &["()kubernetes.NamedFormat"]),

    (L::Semver, "semver", F::Semver, &["(string)kubernetes.Semver", "(string,bool)kubernetes.Semver"]),
    (L::Semver, "isSemver", F::IsSemver, &["(string)bool", "(string,bool)bool"]),
    (L::Semver, "isGreaterThan", F::IsGreaterThan, &[".(kubernetes.Semver,kubernetes.Semver)bool"]),
    (L::Semver, "isLessThan", F::IsLessThan, &[".(kubernetes.Semver,kubernetes.Semver)bool"]),
    (L::Semver, "compareTo", F::CompareTo, &[".(kubernetes.Semver,kubernetes.Semver)int"]),
    (L::Semver, "major", F::Major, &[".(kubernetes.Semver)int"]),
    (L::Semver, "minor", F::Minor, &[".(kubernetes.Semver)int"]),
    (L::Semver, "patch", F::Patch, &[".(kubernetes.Semver)int"]),

    (L::Authorization, "path", F::AuthzPath, &[
        ".(kubernetes.authorization.Authorizer,string)kubernetes.authorization.PathCheck",
    ]),
    (L::Authorization, "group", F::AuthzGroup, &[
        ".(kubernetes.authorization.Authorizer,string)kubernetes.authorization.GroupCheck",
    ]),
    (L::Authorization, "serviceAccount", F::AuthzServiceAccount, &[
        ".(kubernetes.authorization.Authorizer,string,string)kubernetes.authorization.Authorizer",
    ]),
    (L::Authorization, "resource", F::AuthzResource, &[
        ".(kubernetes.authorization.GroupCheck,string)kubernetes.authorization.ResourceCheck",
    ]),
    (L::Authorization, "subresource", F::AuthzSubresource, &[
        ".(kubernetes.authorization.ResourceCheck,string)kubernetes.authorization.ResourceCheck",
    ]),
    (L::Authorization, "namespace", F::AuthzNamespace, &[
        ".(kubernetes.authorization.ResourceCheck,string)kubernetes.authorization.ResourceCheck",
    ]),
    (L::Authorization, "name", F::AuthzName, &[
        ".(kubernetes.authorization.ResourceCheck,string)kubernetes.authorization.ResourceCheck",
    ]),
    (L::Authorization, "fieldSelector", F::AuthzFieldSelector, &[
        ".(kubernetes.authorization.ResourceCheck,string)kubernetes.authorization.ResourceCheck",
    ]),
    (L::Authorization, "labelSelector", F::AuthzLabelSelector, &[
        ".(kubernetes.authorization.ResourceCheck,string)kubernetes.authorization.ResourceCheck",
    ]),
    (L::Authorization, "check", F::AuthzCheck, &[
        ".(kubernetes.authorization.PathCheck,string)kubernetes.authorization.Decision",
        ".(kubernetes.authorization.ResourceCheck,string)kubernetes.authorization.Decision",
    ]),
    (L::Authorization, "errored", F::DecisionErrored, &[".(kubernetes.authorization.Decision)bool"]),
    (L::Authorization, "error", F::DecisionError, &[".(kubernetes.authorization.Decision)string"]),
    (L::Authorization, "allowed", F::DecisionAllowed, &[".(kubernetes.authorization.Decision)bool"]),
    (L::Authorization, "reason", F::DecisionReason, &[".(kubernetes.authorization.Decision)string"]),

    (L::JsonPatch, "jsonpatch.escapeKey", F::JsonPatchEscapeKey, &["(string)string"]),

    (L::Math, "math.greatest", F::MathGreatest, &["($N)$N", "(dyn,dyn)dyn", "(list($N))$N", "(list(dyn))dyn"]),
    (L::Math, "math.least", F::MathLeast, &["($N)$N", "(dyn,dyn)dyn", "(list($N))$N", "(list(dyn))dyn"]),
    (L::Math, "math.ceil", F::MathCeil, &["(double)double"]),
    (L::Math, "math.floor", F::MathFloor, &["(double)double"]),
    (L::Math, "math.round", F::MathRound, &["(double)double"]),
    (L::Math, "math.trunc", F::MathTrunc, &["(double)double"]),
    (L::Math, "math.abs", F::MathAbs, &["($N)$N"]),
    (L::Math, "math.sign", F::MathSign, &["($N)$N"]),
    (L::Math, "math.sqrt", F::MathSqrt, &["(double)double", "(int)double", "(uint)double"]),
    (L::Math, "math.isNaN", F::MathIsNan, &["(double)bool"]),
    (L::Math, "math.isInf", F::MathIsInf, &["(double)bool"]),
    (L::Math, "math.isFinite", F::MathIsFinite, &["(double)bool"]),
    (L::Math, "math.bitAnd", F::MathBitAnd, &["(int,int)int", "(uint,uint)uint"]),
    (L::Math, "math.bitOr", F::MathBitOr, &["(int,int)int", "(uint,uint)uint"]),
    (L::Math, "math.bitXor", F::MathBitXor, &["(int,int)int", "(uint,uint)uint"]),
    (L::Math, "math.bitNot", F::MathBitNot, &["(int)int", "(uint)uint"]),
    (L::Math, "math.bitShiftLeft", F::MathBitShiftLeft, &["(int,int)int", "(uint,int)uint"]),
    (L::Math, "math.bitShiftRight", F::MathBitShiftRight, &["(int,int)int", "(uint,int)uint"]),

    (L::Encoders, "base64.encode", F::Base64Encode, &["(bytes)string"]),
    (L::Encoders, "base64.decode", F::Base64Decode, &["(string)bytes"]),
    ]
};

/// All declarations of all libraries, by name.
pub(crate) fn declarations() -> &'static HashMap<&'static str, Declaration> {
    static TABLE: OnceLock<HashMap<&'static str, Declaration>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table: HashMap<&'static str, Declaration> = HashMap::new();
        for (library, name, func, signatures) in ROWS {
            let declaration =
                table.entry(name).or_insert_with(|| Declaration { func: *func, overloads: Vec::new() });
            for signature in *signatures {
                for signature in expand(signature) {
                    declaration
                        .overloads
                        .extend(parse_signature(&signature).map(|overload| (*library, overload)));
                }
            }
        }
        table
    })
}

fn expand(signature: &str) -> Vec<String> {
    let sets: [(&str, &[&str]); 3] = [("$C", &COMPARABLE), ("$S", &SUMMABLE), ("$N", &NUMERIC)];
    for (mark, names) in sets {
        if signature.contains(mark) {
            return names.iter().map(|name| signature.replace(mark, name)).collect();
        }
    }
    vec![signature.to_owned()]
}

/// Reads `(int,list(A))bool`, with a dot in front for a member.
pub(crate) fn parse_signature(text: &str) -> Option<Overload> {
    let (member, text) = match text.strip_prefix('.') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut reader = SignatureReader { rest: text, params: Vec::new() };
    let args = reader.types()?;
    let result = reader.one()?;
    let params = u32::try_from(reader.params.len()).ok()?;
    reader.rest.is_empty().then_some(Overload { member, args, result, params })
}

struct SignatureReader<'t> {
    rest: &'t str,
    params: Vec<char>,
}

impl SignatureReader<'_> {
    fn eat(&mut self, c: char) -> bool {
        let rest = self.rest.strip_prefix(c);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// `(a,b)`
    fn types(&mut self) -> Option<Vec<Type>> {
        let mut types = Vec::new();
        if !self.eat('(') {
            return None;
        }
        while !self.eat(')') {
            types.push(self.one()?);
            self.eat(',');
        }
        Some(types)
    }

    fn one(&mut self) -> Option<Type> {
        let len = self.rest.find(['(', ')', ',']).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        let mut inner = || self.types().and_then(|types| types.into_iter().next());
        Some(match name {
            "list" => Type::list(inner()?),
            "optional" => Type::optional(inner()?),
            "type" => Type::Type(inner()?.into()),
            "map" => {
                let mut entry = self.types()?.into_iter();
                Type::map(entry.next()?, entry.next()?)
            }
            "dyn" => Type::Dyn,
            "bool" => Type::Bool,
            "int" => Type::Int,
            "uint" => Type::Uint,
            "double" => Type::Double,
            "string" => Type::String,
            "bytes" => Type::Bytes,
            "duration" => Type::Duration,
            "timestamp" => Type::Timestamp,
            "null" => Type::Null,
            "net.IP" | "net.CIDR" => Type::Opaque(name.into()),
            _ if name.len() == 1 => {
                let name = name.chars().next()?;
                let index = self.params.iter().position(|known| *known == name).unwrap_or_else(|| {
                    self.params.push(name);
                    self.params.len() - 1
                });
                Type::Param(u32::try_from(index).ok()?)
            }
            "" => return None,
            _ => Type::object(name),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signature_is_read() {
        for (_, name, _, signatures) in ROWS {
            for signature in signatures.iter().flat_map(|signature| expand(signature)) {
                assert!(parse_signature(&signature).is_some(), "{name}{signature}");
            }
        }
    }

    #[test]
    fn one_name_means_one_function() {
        for (_, name, func, _) in ROWS {
            assert_eq!(declarations()[name].func, *func, "{name}");
        }
    }
}
