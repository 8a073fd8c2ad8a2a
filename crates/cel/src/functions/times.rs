//! Parts of points in time and of durations.

use crate::decls::Func;
use crate::eval::Evaluated;
use crate::fail::Fail;
use crate::time::{SECOND, zone_offset};
use crate::value::Value;

pub(super) fn call<'a>(func: Func, args: &[Value<'a>]) -> Evaluated<'a> {
    let (at, offset) = match args {
        [Value::Duration(nanos)] => return of_duration(func, *nanos),
        [Value::Timestamp(at)] => (at, 0),
        [Value::Timestamp(at), Value::String(zone)] => {
            let offset = zone_offset(zone, at);
            (at, offset.ok_or_else(|| Fail::error(format!("unknown time zone {zone}")))?)
        }
        _ => return Err(Fail::no_such_overload()),
    };
    let civil = at.civil(offset);
    Ok(Value::Int(match func {
        Func::GetFullYear => civil.year,
        Func::GetMonth => civil.month - 1,
        Func::GetDayOfYear => civil.day_of_year,
        Func::GetDayOfMonth => civil.day - 1,
        Func::GetDate => civil.day,
        Func::GetDayOfWeek => civil.weekday,
        Func::GetHours => civil.hour,
        Func::GetMinutes => civil.minute,
        Func::GetSeconds => civil.second,
        Func::GetMilliseconds => i64::from(at.nanos / 1_000_000),
        _ => return Err(Fail::no_such_overload()),
    }))
}

/// The whole duration in that unit.
fn of_duration<'a>(func: Func, nanos: i64) -> Evaluated<'a> {
    let unit = match func {
        Func::GetHours => 3600 * SECOND,
        Func::GetMinutes => 60 * SECOND,
        Func::GetSeconds => SECOND,
        Func::GetMilliseconds => SECOND / 1000,
        _ => return Err(Fail::no_such_overload()),
    };
    Ok(Value::Int(nanos / unit))
}
