// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Checks values by their Type. Each Type has a row in kTypes. All faults of a value are reported,
// each at its own place.
#include <algorithm>
#include <set>

#include "base/format.hpp"
#include "base/function_ref.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "config/keys.hpp"
#include "config/quantities.hpp"
#include "config/shell_words.hpp"
#include "model/capability.hpp"
#include "model/listen_address.hpp"
#include "model/log_target.hpp"
#include "model/reason.hpp"
#include "schedule/calendar.hpp"
#include "schedule/cron.hpp"

namespace zinit {

namespace {

/// The highest uid and gid. The kernel uses the next number for "none".
constexpr std::int64_t kMaxAccount = 4294967294;

/// The longest name of a passed descriptor (FDNAME_MAX of systemd).
constexpr std::size_t kMaxLabel = 255;

/// argv and environ end each text with a NUL, as paths do.
constexpr std::string_view kHasNul = "contains a NUL character, which is not allowed";

std::string range_text(const Key& key) {
  if (key.max == kNoLimit) return fmt::format("an integer of at least {}", key.min);
  return fmt::format("an integer from {} to {}", key.min, key.max);
}

/// The requirement for one element of an array, or for the value if it is no array.
std::string element_text(const Key& key);

/// One value under check: its key, and where its faults go. Each check reports the faults of the
/// value, or of an element of it, and returns true if there are none.
class Check {
 public:
  Check(const Key& key, Findings& findings) : key_(key), findings_(findings) {}

  bool run(const Value& value);

  /// The message is the value, if it can be shown, and then `what`.
  bool wrong(const Value& value, std::string_view what) {
    const std::string seen = shown(value);
    findings_.add(Severity::error, value.at, full_name(key_),
                  seen.empty() ? std::string(what) : seen + " " + std::string(what));
    return false;
  }

  /// The message is `what`, the value, then `rest`: `invalid size "5X"; ...`.
  bool invalid(const Value& value, std::string_view what, std::string_view rest) {
    findings_.add(Severity::error, value.at, full_name(key_),
                  fmt::format("{} {}{}", what, shown(value), rest));
    return false;
  }

  /// The same with the requirement as the rest.
  bool invalid(const Value& value, std::string_view what) {
    return invalid(value, what, ", must be " + element_text(key_));
  }

  bool not_allowed(const Value& value, std::string_view what) {
    return wrong(value, fmt::format("{}, must be {}", what, element_text(key_)));
  }

  bool expect(const Value& value, ValueType type) {
    if (value.type == type) return without_nul(value);
    return not_allowed(value, fmt::format("is {}", type_phrase(value.type)));
  }

  bool string(const Value& value) { return expect(value, ValueType::string); }

  /// An array whose elements `accept` accepts.
  bool each(const Value& value, FunctionRef<bool(const Value&)> accept) {
    if (value.type != ValueType::array)
      return wrong(value,
                   fmt::format("is {}, must be {}", type_phrase(value.type), allowed_text(key_)));
    bool good = true;
    for (const Value& element : value.array) good = accept(element) && good;
    return good;
  }

  static bool holds_nul(const Value& value) {
    return value.type == ValueType::string && value.string.find('\0') != std::string::npos;
  }

  bool without_nul(const Value& value) { return !holds_nul(value) || wrong(value, kHasNul); }

  [[nodiscard]] bool in_range(std::int64_t number) const {
    return number >= key_.min && number <= key_.max;
  }

  bool boolean(const Value& value) { return expect(value, ValueType::boolean); }

  bool integer(const Value& value) {
    return expect(value, ValueType::integer) &&
           (in_range(value.integer) || not_allowed(value, "is out of range"));
  }

  bool duration(const Value& value) {
    if (value.type != ValueType::string) return integer(value);
    const auto number = duration_of(value, unit_of(key_));
    if (!number) return invalid(value, "invalid duration");
    return in_range(*number) || not_allowed(value, "is out of range");
  }

  bool timeout(const Value& value) { return value.string == kInfinity || duration(value); }

  bool one_line(const Value& value) {
    if (!string(value)) return false;
    return value.string.find('\n') == std::string::npos ||
           not_allowed(value, "has more than one line");
  }

  bool word(const Value& value) {
    if (!string(value)) return false;
    if (contains(key_.words, value.string)) return true;
    std::string rest = ", must be " + element_text(key_);
    if (const auto near = nearest(value.string, key_.words))
      rest += fmt::format("; did you mean \"{}\"?", *near);
    return invalid(value, "unknown value", rest);
  }

  bool flag_or_word(const Value& value) {
    if (value.type == ValueType::boolean) return true;
    return value.type == ValueType::string ? word(value) : boolean(value);
  }

  bool absolute(const Value& value, std::string_view path) {
    return path.starts_with('/') || not_allowed(value, "does not begin with /");
  }
  bool path(const Value& value) { return string(value) && absolute(value, value.string); }

  bool name(const Value& value) {
    if (!string(value)) return false;
    const auto fault = name_fault(value.string);
    return !fault || invalid(value, "invalid name", ": " + *fault);
  }

  bool names(const Value& value) {
    std::set<std::string_view> seen;
    return each(value, [&](const Value& one) {
      if (!string(one)) return false;
      // A name reserved for zinit is valid here. No service has it, which the graph reports.
      const auto fault = name_fault(one.string);
      if (fault && !is_taken_name(one.string)) return invalid(one, "invalid name", ": " + *fault);
      if (!seen.insert(one.string).second) {
        findings_.add(Severity::warning, one.at, full_name(key_),
                      in_quotes(one.string) + " is listed twice");
      }
      return true;
    });
  }

  bool command(const Value& value) {
    if (value.type == ValueType::string) {
      const auto command = command_from_string(value.string);
      return command || wrong(value, command.error().text);
    }
    if (!each(value, [this](const Value& one) { return string(one); })) return false;
    if (value.array.empty()) return wrong(value, "is empty, must name a program");
    if (value.array.front().string.empty()) {
      return wrong(value.array.front(), "is empty, must name a program");
    }
    return true;
  }

  /// An array of arrays is several commands; an array of strings is one command.
  bool commands(const Value& value) {
    const auto is_array = [](const Value& one) { return one.type == ValueType::array; };
    if (value.type != ValueType::array || std::ranges::none_of(value.array, is_array))
      return command(value);
    return each(value, [&](const Value& one) {
      if (is_array(one)) return command(one);
      return wrong(one, fmt::format("is {}, must be an array of strings like the others",
                                    type_phrase(one.type)));
    });
  }

  template <auto parse>
  bool parsed_by(const Value& value) {
    if (!string(value)) return false;
    const auto parsed = parse(value.string);
    return parsed || wrong(value, parsed.error());
  }

  bool condition_path(const Value& value) {
    return string(value) && absolute(value, without_negation(value.string));
  }

  bool condition_word(const Value& value) {
    if (!string(value)) return false;
    const std::string_view word = without_negation(value.string);
    return (!word.empty() && word.find('\n') == std::string_view::npos) ||
           not_allowed(value, word.empty() ? "is empty" : "has more than one line");
  }

  bool virtualization(const Value& value) {
    if (!string(value)) return false;
    const std::string_view word = without_negation(value.string);
    if (contains(key_.words, word)) return true;
    const auto near = nearest(word, key_.words);
    return invalid(value, "unknown value",
                   near ? fmt::format("; did you mean {}?", in_quotes(*near))
                        : ", must be " + element_text(key_));
  }

  bool condition_exec(const Value& value) { return command(negated_command(value).second); }

  bool file(const Value& value) {
    return string(value) &&
           absolute(value, std::string_view(value.string).substr(value.string.starts_with('-')));
  }

  bool folder(const Value& value) {
    if (!string(value)) return false;
    const auto parts = split(value.string, '/');
    const bool escapes = std::ranges::any_of(
        parts, [](std::string_view part) { return part.empty() || part == "." || part == ".."; });
    return !escapes || invalid(value, "invalid path");
  }

  /// Messages never show values of variables, because they may be secrets.
  bool strings(const Value& value) {
    if (value.type != ValueType::table) {
      findings_.add(Severity::error, value.at, full_name(key_),
                    fmt::format("is {}, must be {}", type_phrase(value.type), allowed_text(key_)));
      return false;
    }
    bool good = true;
    for (const auto& [variable, member] : value.table)
      good = variable_is_good(variable, member) && good;
    return good;
  }

  bool variable_is_good(const std::string& variable, const Member& member) {
    const std::string key = full_name(key_) + "." + variable;
    if (variable.empty() ||
        variable.find_first_of(std::string_view("=\0", 2)) != std::string::npos) {
      findings_.add(Severity::error, member.at, full_name(key_),
                    fmt::format("invalid variable name {}, must not be empty or contain = or NUL",
                                in_quotes(variable.substr(0, variable.find('=')))));
      return false;
    }
    const Value& value = member.value;
    const bool takes_out = value.type == ValueType::boolean && !value.boolean;
    const bool is_text = value.type == ValueType::string;
    if (takes_out || (is_text && !holds_nul(value))) return true;
    findings_.add(Severity::error, value.at, key,
                  is_text
                      ? std::string(kHasNul)
                      : fmt::format("is {}, must be a string, or false to take the variable out",
                                    type_phrase(value.type)));
    return false;
  }

  bool account(const Value& value) {
    if (value.type == ValueType::integer) {
      return (value.integer >= 0 && value.integer <= kMaxAccount) ||
             not_allowed(value, "is out of range");
    }
    if (!string(value)) return false;
    // passwd(5) separates fields by colons, so no name has a colon. A blank or control character is
    // a mistake.
    const bool bad = value.string.empty() || std::ranges::any_of(value.string, [](char c) {
                       return static_cast<unsigned char>(c) <= ' ' || c == ':' || c == '\x7f';
                     });
    return !bad ||
           invalid(value, "invalid name", ", must not be empty or contain blanks or colons");
  }

  bool octal(const Value& value) {
    if (!string(value)) return false;
    const std::string& text = value.string;
    const bool digits = !text.empty() && text.find_first_not_of("01234567") == std::string::npos;
    const auto first = text.find_first_not_of('0');
    const std::size_t length = first == std::string::npos ? 0 : text.size() - first;
    return (digits && length <= 3) || invalid(value, "invalid mode");
  }

  bool signal(const Value& value) {
    if (value.type == ValueType::integer) return integer(value);
    if (!string(value)) return false;
    return signal_number(value.string) != 0 || no_signal(value);
  }

  bool no_signal(const Value& value) {
    const std::string near = nearest_signal(value.string);
    return invalid(value, "unknown signal",
                   fmt::format(", must be {}{}", element_text(key_),
                               near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near)));
  }

  bool good_end(const Value& value) {
    if (value.type == ValueType::integer) return integer(value);
    if (!string(value)) return false;
    // A number in quotes could mean a signal or an exit code, so it is refused.
    const bool number = value.string.find_first_not_of("0123456789") == std::string::npos;
    return (!number && signal_number(value.string) != 0) || no_signal(value);
  }

  bool limit(const Value& value) { return limit(value, std::nullopt); }
  bool time_limit(const Value& value) { return limit(value, unit_of(key_)); }

  bool limit(const Value& value, std::optional<Milliseconds> unit) {
    if (value.type != ValueType::integer && value.type != ValueType::string)
      return expect(value, ValueType::integer);
    const auto limit = limit_of(value, unit);
    if (!limit) return invalid(value, "invalid limit");
    for (const std::uint64_t half : {limit->soft, limit->hard})
      if (half != kUnlimited && half > static_cast<std::uint64_t>(key_.max))
        return not_allowed(value, "is out of range");
    return limit->soft <= limit->hard || wrong(value, "has a soft limit above its hard limit");
  }

  bool bytes(const Value& value) {
    if (value.type != ValueType::integer && value.type != ValueType::string)
      return expect(value, ValueType::integer);
    const auto bytes = bytes_of(value);
    if (!bytes) return invalid(value, "invalid size", "; use e.g. \"512M\"");
    return in_range(*bytes) || not_allowed(value, "is out of range");
  }

  bool processors(const Value& value) {
    if (!string(value)) return false;
    const auto thousandths = thousandths_of(value.string);
    if (!thousandths)
      return invalid(value, "invalid value", "; use e.g. \"50%\" of one core, or \"2.5\" cores");
    return in_range(*thousandths) || not_allowed(value, "is out of range");
  }

  bool notify(const Value& value) {
    if (!string(value)) return false;
    if (value.string == kNotifySystemd) return true;
    if (!value.string.starts_with(kNotifyFd)) return invalid(value, "unknown value");
    const auto fd = parse_integer(std::string_view(value.string).substr(kNotifyFd.size()));
    return (fd && in_range(*fd)) || not_allowed(value, "is out of range");
  }

  bool status(const Value& value) {
    if (value.type != ValueType::integer && !string(value)) return false;
    const auto range = status_range_of(value);
    if (!range) return invalid(value, "invalid range");
    if (range->first < key_.min || range->last > key_.max)
      return not_allowed(value, "is out of range");
    return range->first <= range->last || not_allowed(value, "ends before it begins");
  }

  bool capability(const Value& value) {
    if (!string(value)) return false;
    if (capability_number(value.string)) return true;
    const auto near = nearest_capability(value.string);
    return invalid(value, "unknown capability",
                   near ? fmt::format(", did you mean \"{}\"?", *near) : std::string());
  }

  /// Two addresses count as the same, in any spelling, if two sockets cannot have them at the same
  /// time.
  template <auto parse>
  bool addresses(const Value& value) {
    std::set<std::string> seen;
    const bool good = each(value, [&](const Value& one) {
      if (!string(one)) return false;
      const auto parsed = parse(one.string);
      if (!parsed) return wrong(one, parsed.error());
      return seen.insert(place_of(*parsed)).second ||
             wrong(one, "is the same address as an earlier one");
    });
    return good && (!value.array.empty() || wrong(value, "is empty, must name an address"));
  }
  static std::string place_of(const Endpoint& endpoint) { return endpoint_text(endpoint); }
  static std::string place_of(const ListenAddress& address) {
    const bool udp = address.type == ListenType::datagram && address.place.socket.empty();
    return (udp ? "udp:" : "") + endpoint_text(address.place);
  }

  /// The names that sd_listen_fds_with_names(3) allows.
  bool label(const Value& value) {
    if (!string(value)) return false;
    const std::string& text = value.string;
    const bool good =
        !text.empty() && text.size() <= kMaxLabel &&
        std::ranges::all_of(text, [](char c) { return c >= ' ' && c < '\x7f' && c != ':'; });
    return good || invalid(value, "invalid name");
  }

  template <class Spec>
  bool expression(const Value& value) {
    if (!string(value)) return false;
    const auto parsed = Spec::parse(value.string);
    if (!parsed)  // the error contains the text
      findings_.add(Severity::error, value.at, full_name(key_), parsed.error().text);
    return parsed.has_value();
  }

  bool as_type(const struct TypeInfo& info, const Value& value);

 private:
  const Key& key_;
  Findings& findings_;
};

/// How a value is checked.
struct Checking {
  bool (*check)(Check&, const Value&);
  bool of_elements = false;  // the check takes each element of an array
  bool or_one = false;       // or a string
};

struct TypeInfo {
  Type type;
  Checking by;
  // The requirement for the value, and for one element of an array (empty: the same). {min}, {max},
  // {range} and {words} stand for those of the key, {account} for the highest number of an account.
  std::string_view allowed;
  std::string_view element = {};
  std::string_view empty = {};  // what is wrong with an empty array, if anything is
};

/// A check as a plain function. For a call by pointer to member, g++ 12 warns wrongly that the
/// object may be uninitialised.
template <bool (Check::*accept)(const Value&)>
bool call(Check& check, const Value& value) {
  return (check.*accept)(value);
}
template <bool (Check::*accept)(const Value&)>
constexpr Checking by{call<accept>};
template <bool (Check::*accept)(const Value&)>
constexpr Checking each_by{call<accept>, true};
template <bool (Check::*accept)(const Value&)>
constexpr Checking one_or_each_by{call<accept>, true, true};

// clang-format off
constexpr TypeInfo kTypes[] = {
    {Type::boolean, by<&Check::boolean>, "true or false"},
    {Type::integer, by<&Check::integer>, "{range}"},
    {Type::duration, by<&Check::duration>, "{range} or with a unit, as \"5s\""},
    {Type::timeout, by<&Check::timeout>, "{range} or with a unit, as \"5s\", or \"infinity\""},
    {Type::string, by<&Check::one_line>, "a string of one line"},
    {Type::word, by<&Check::word>, "{words}"},
    {Type::flag_or_word, by<&Check::flag_or_word>, "true, false or {words}"},
    {Type::path, by<&Check::path>, "an absolute path"},
    {Type::syslog, by<&Check::parsed_by<parse_syslog_target>>,
     "\"unix:/path\", \"udp:host:port\" or \"tcp:host:port\""},
    {Type::forward, by<&Check::parsed_by<parse_forward_target>>,
     "\"tcp:host:port\" or \"unix:/path\""},
    {Type::name, by<&Check::name>, "a name"},
    {Type::names, by<&Check::names>, "an array of names", "a name"},
    {Type::command, by<&Check::command>, "a string or an array of strings", "a string"},
    {Type::commands, by<&Check::commands>,
     "a string, an array of strings or an array of such arrays",
     "a string"},
    {Type::strings, by<&Check::strings>, "a table of strings"},
    {Type::account, by<&Check::account>, "a name or an integer from 0 to {account}"},
    {Type::accounts, each_by<&Check::account>,
     "an array of names and integers from 0 to {account}",
     "a name or an integer from 0 to {account}"},
    {Type::octal, by<&Check::octal>, "a string of octal digits, at most \"0777\""},
    {Type::signal, by<&Check::signal>, "a signal name or an integer from 1 to {max}"},
    {Type::success, each_by<&Check::good_end>,
     "an array of exit codes from 0 to {max} and signal names",
     "an exit code from {min} to {max} or a signal name"},
    {Type::limit, by<&Check::limit>, "{range}, \"infinity\" or \"soft:hard\""},
    {Type::time_limit, by<&Check::time_limit>,
     "{range} or with a unit, as \"5s\", \"infinity\" or \"soft:hard\""},
    {Type::cpus, each_by<&Check::integer>, "an array of integers from {min} to {max}", "{range}",
     "is empty, must name a processor"},
    {Type::ports, each_by<&Check::integer>,
     "an array of integers from {min} to {max}", "{range}"},
    {Type::files, one_or_each_by<&Check::file>,
     "an absolute path, optionally after a -, or an array of such paths",
     "an absolute path, optionally after a -"},
    {Type::folders, one_or_each_by<&Check::folder>,
     "a relative path without empty parts, . and .., or an array of such paths",
     "a relative path without empty parts, . and .."},
    {Type::capabilities, each_by<&Check::capability>,
     "an array of capability names", "a capability name"},
    {Type::bytes, by<&Check::bytes>, "{range} or with a unit, as \"512M\""},
    {Type::notify, by<&Check::notify>, "\"systemd\" or \"fd:N\" with N from {min} to {max}"},
    {Type::processors, by<&Check::processors>,
     "a string such as \"50%\" of one core or \"2.5\" cores, at least \"0.1%\""},
    {Type::statuses, each_by<&Check::status>,
     "an array of codes from {min} to {max} and ranges such as \"200..299\"",
     "a code from {min} to {max} or a range such as \"200..299\"",
     "is empty, so no answer would be healthy"},
    {Type::address, by<&Check::parsed_by<parse_proxy_address>>,
     "\"host:port\" or \"unix:/path\""},
    {Type::addresses, by<&Check::addresses<parse_proxy_address>>,
     "an array of \"host:port\" and \"unix:/path\"", "\"host:port\" or \"unix:/path\""},
    {Type::listen, by<&Check::addresses<parse_listen_address>>,
     "an array of \"host:port\", \"udp:host:port\", \"unix:/path\", \"unix-dgram:/path\" and "
     "\"fifo:/path\"",
     "\"host:port\", \"udp:host:port\", \"unix:/path\", \"unix-dgram:/path\" or \"fifo:/path\""},
    {Type::labels, each_by<&Check::label>,
     "an array of names of 1 to 255 ASCII characters without : and control characters",
     "a name of 1 to 255 ASCII characters without : and control characters"},
    {Type::calendar, one_or_each_by<&Check::expression<CalendarSpec>>,
     "a calendar expression as of systemd.time(7), or an array of them",
     "a calendar expression as of systemd.time(7)"},
    {Type::cron, one_or_each_by<&Check::expression<CronSpec>>,
     "the five fields of crontab(5), or an array of such strings", "the five fields of crontab(5)"},
    {Type::paths, one_or_each_by<&Check::path>,
     "an absolute path, or an array of such paths", "an absolute path"},
    {Type::condition_paths, one_or_each_by<&Check::condition_path>,
     "an absolute path, optionally after a !, or an array of such paths",
     "an absolute path, optionally after a !"},
    {Type::condition_words, one_or_each_by<&Check::condition_word>,
     "a word or KEY=VALUE, optionally after a !, or an array of such strings",
     "a word or KEY=VALUE, optionally after a !"},
    {Type::virtualization, one_or_each_by<&Check::virtualization>,
     "a name of systemd-detect-virt(1), \"vm\", \"container\", \"yes\" or \"no\", optionally "
     "after a !, or an array of such words",
     "a name of systemd-detect-virt(1), \"vm\", \"container\", \"yes\" or \"no\", optionally "
     "after a !"},
    {Type::condition_exec, by<&Check::condition_exec>,
     "a string or an array of strings, optionally after a !", "a string"},
};
// clang-format on

constexpr bool in_order_of_types() {
  for (std::size_t i = 0; i < std::size(kTypes); ++i)
    if (static_cast<std::size_t>(kTypes[i].type) != i) return false;
  return true;
}
static_assert(in_order_of_types());

const TypeInfo& info_of(const Key& key) { return kTypes[static_cast<std::size_t>(key.type)]; }

std::string filled_in(std::string_view text, const Key& key) {
  return fmt::format(fmt::runtime(text), fmt::arg("min", key.min), fmt::arg("max", key.max),
                     fmt::arg("range", range_text(key)), fmt::arg("words", alternatives(key.words)),
                     fmt::arg("account", kMaxAccount)) +
         (key.limitless ? ", or \"infinity\"" : "");
}

std::string element_text(const Key& key) {
  const TypeInfo& info = info_of(key);
  return filled_in(info.element.empty() ? info.allowed : info.element, key);
}

bool Check::as_type(const TypeInfo& info, const Value& value) {
  if (!info.by.of_elements || (info.by.or_one && value.type == ValueType::string))
    return info.by.check(*this, value);
  return each(value, [&](const Value& one) { return info.by.check(*this, one); }) &&
         (info.empty.empty() || !value.array.empty() || wrong(value, info.empty));
}

bool Check::run(const Value& value) {
  if (!without_nul(value)) return false;
  // The default "" lets a service unset a value that [defaults] gives.
  if (value.type == ValueType::string && value.string.empty() && key_.default_text == "\"\"")
    return true;
  return (key_.limitless && value.string == kInfinity) || as_type(info_of(key_), value);
}

}  // namespace

std::string alternatives(std::span<const std::string_view> words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 < words.size() ? ", " : " or ";
    text += in_quotes(words[i]);
  }
  return text;
}

std::string allowed_text(const Key& key) { return filled_in(info_of(key).allowed, key); }

bool check_value(const Key& key, const Value& value, Findings& findings) {
  return Check(key, findings).run(value);
}

}  // namespace zinit
