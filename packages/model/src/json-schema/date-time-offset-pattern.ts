// Regular expressions as JSON Schema wants them: anchored, digits spelled out, nothing that RE2 does not know. So they
// work in validators of other languages, too.

const leapYear = '(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)'
const year = '(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})'

const day = [
  '(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])',
  '(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)',
  '02-(?:0[1-9]|1[0-9]|2[0-8])',
].join('|')

const time = '(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,7})?'
const offset = '(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))'

/**
 * What `DateTimeOffset` takes, the calendar included. It is wider in one thing that no short pattern can say: on the first
 * and the last day of .NET's years it also takes an offset that pushes the instant out of them.
 */
export const dateTimeOffsetPattern = `^(?:${year}-(?:${day})|${leapYear}-02-29)T${time}${offset}$`

/** What `ODataDateTimeOffset` takes: the OData ABNF rule `dateTimeOffsetValue`. */
export const odataDateTimeOffsetPattern = [
  '^-?(?:0[0-9]{3}|[1-9][0-9]{3,})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])',
  '[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9](?::(?:[0-5][0-9]|60)(?:\\.[0-9]{1,12})?)?',
  '(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$',
].join('')
