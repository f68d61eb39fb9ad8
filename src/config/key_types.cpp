// What a value of each Type must be. Every function tells all faults of its value, each at its own
// place, and whether there were none.
#include <algorithm>
#include <set>

#include "base/format.hpp"
#include "base/text.hpp"
#include "config/keys.hpp"
#include "config/quantities.hpp"
#include "config/shell_words.hpp"
#include "model/capability.hpp"
#include "model/log_target.hpp"
#include "model/reason.hpp"

namespace zinit {

namespace {

/// The highest uid and gid: the next one means "none" to the kernel.
constexpr std::int64_t kMaxAccount = 4294967294;

std::string range_text(const Key& key) {
  if (key.max == kNoLimit) return fmt::format("an integer of at least {}", key.min);
  return fmt::format("an integer from {} to {}", key.min, key.max);
}

/// What one element of an array must be.
std::string element_text(const Key& key) {
  switch (key.type) {
    case Type::names: return "a name";
    case Type::command: return "a string";
    case Type::accounts: return fmt::format("a name or an integer from 0 to {}", kMaxAccount);
    case Type::cpus:
    case Type::ports: return range_text(key);
    case Type::commands: return "a string, or all of them arrays of strings";
    case Type::files: return "an absolute path, which - may precede";
    case Type::folders: return "a relative path without empty parts, . and ..";
    case Type::capabilities: return "a capability's name";
    case Type::statuses:
      return fmt::format("a code from {} to {} or a range such as \"200..299\"", key.min, key.max);
    case Type::success:
      return fmt::format("an exit code from {} to {} or a signal's name", key.min, key.max);
    default: return allowed_text(key);
  }
}

/// One value under check: its key, and where its faults go.
class Check {
 public:
  Check(const Key& key, Findings& findings) : key_(key), findings_(findings) {}

  bool run(const Value& value) {
    if (holds_nul(value)) return wrong(value, "holds a NUL character, which no value may");
    switch (key_.type) {
      case Type::boolean: return expect(value, ValueType::boolean);
      case Type::integer: return integer(value);
      case Type::timeout: return value.string == "infinity" || integer(value);
      case Type::string: return one_line(value);
      case Type::word: return word(value);
      case Type::path: return path(value);
      case Type::syslog: return target(value, parse_syslog_target);
      case Type::forward: return target(value, parse_forward_target);
      case Type::name: return name(value);
      case Type::names: return names(value);
      case Type::command: return command(value);
      case Type::commands: return commands(value);
      case Type::strings: return strings(value);
      case Type::account: return account(value);
      case Type::accounts: return each(value, [&](const Value& one) { return account(one); });
      case Type::octal: return octal(value);
      case Type::signal: return signal(value);
      case Type::success: return each(value, [&](const Value& one) { return good_end(one); });
      case Type::limit: return limit(value);
      case Type::cpus: return cpus(value);
      case Type::bytes: return bytes(value);
      case Type::processors: return processors(value);
      case Type::notify: return notify(value);
      case Type::ports: return integers(value);
      case Type::files: return one_or_more(value, [&](const Value& one) { return file(one); });
      case Type::folders: return one_or_more(value, [&](const Value& one) { return folder(one); });
      case Type::statuses: return statuses(value);
      case Type::capabilities:
        return each(value, [&](const Value& one) { return capability(one); });
    }
    return false;
  }

 private:
  /// `what` follows on the key's name, or on the value where that can be shown.
  bool wrong(const Value& value, std::string_view what) {
    const std::string seen = shown(value);
    findings_.add(Severity::error, value.at, full_name(key_),
                  seen.empty() ? std::string(what) : seen + " " + std::string(what));
    return false;
  }

  bool not_allowed(const Value& value, std::string_view what) {
    return wrong(value, fmt::format("{}, must be {}", what, allowed_text(key_)));
  }

  bool element_not_allowed(const Value& value, std::string_view what) {
    return wrong(value, fmt::format("{}, must be {}", what, element_text(key_)));
  }

  bool expect(const Value& value, ValueType type) {
    if (value.type == type) return true;
    return not_allowed(value, fmt::format("is {}", type_phrase(value.type)));
  }

  /// An array of what `check` accepts.
  template <class Accept>
  bool each(const Value& value, Accept accept) {
    if (!expect(value, ValueType::array)) return false;
    bool good = true;
    for (const Value& element : value.array) good = accept(element) && good;
    return good;
  }

  static bool holds_nul(const Value& value) {
    return value.type == ValueType::string && value.string.find('\0') != std::string::npos;
  }

  bool integer(const Value& value) {
    if (!expect(value, ValueType::integer)) return false;
    if (value.integer >= key_.min && value.integer <= key_.max) return true;
    return not_allowed(value, "is out of range");
  }

  bool one_line(const Value& value) {
    if (!expect(value, ValueType::string)) return false;
    return value.string.find('\n') == std::string::npos ||
           not_allowed(value, "is of several lines");
  }

  bool word(const Value& value) {
    if (!expect(value, ValueType::string)) return false;
    if (std::find(key_.words.begin(), key_.words.end(), value.string) != key_.words.end()) {
      return true;
    }
    std::string what = fmt::format("is not known, must be {}", allowed_text(key_));
    if (const auto near = nearest(value.string, key_.words)) {
      what += fmt::format("; did you mean \"{}\"?", *near);
    }
    return wrong(value, what);
  }

  bool path(const Value& value) {
    if (!expect(value, ValueType::string)) return false;
    if (value.string.empty() && key_.default_text == "\"\"") return true;
    return value.string.starts_with('/') || not_allowed(value, "does not begin with /");
  }

  bool name(const Value& value) {
    if (!expect(value, ValueType::string)) return false;
    if (value.string.empty() && key_.default_text == "\"\"") return true;
    const auto fault = name_fault(value.string);
    return !fault || wrong(value, "will not do: " + *fault);
  }

  bool names(const Value& value) {
    std::set<std::string_view> seen;
    return each(value, [&](const Value& one) {
      if (!expect_element(one, ValueType::string)) return false;
      // What is zinit's own is a name that nothing has: legal, and told when the graph is made.
      const auto fault = name_fault(one.string);
      if (fault && !is_taken_name(one.string)) return wrong(one, "will not do: " + *fault);
      if (!seen.insert(one.string).second) {
        findings_.add(Severity::warning, one.at, full_name(key_),
                      quoted(one.string) + " is named twice");
      }
      return true;
    });
  }

  bool expect_element(const Value& value, ValueType type) {
    if (value.type == type && !holds_nul(value)) return true;
    if (value.type == type) return wrong(value, "holds a NUL character, which no value may");
    return element_not_allowed(value, fmt::format("is {}", type_phrase(value.type)));
  }

  bool command(const Value& value) {
    if (value.type == ValueType::string) {
      const auto command = command_from_string(value.string);
      return command || wrong(value, command.error().text);
    }
    if (!each(value, [&](const Value& one) { return expect_element(one, ValueType::string); })) {
      return false;
    }
    if (value.array.empty()) return wrong(value, "is empty, must name a program");
    if (value.array.front().string.empty()) {
      return wrong(value.array.front(), "is empty, must name a program");
    }
    return true;
  }

  /// An array of arrays is several commands; of strings, it is one.
  bool commands(const Value& value) {
    const auto is_array = [](const Value& one) { return one.type == ValueType::array; };
    if (value.type != ValueType::array || std::ranges::none_of(value.array, is_array))
      return command(value);
    return each(value, [&](const Value& one) {
      if (is_array(one)) return command(one);
      return element_not_allowed(one, fmt::format("is {}", type_phrase(one.type)));
    });
  }

  template <class Accept>
  bool one_or_more(const Value& value, Accept accept) {
    if (value.type == ValueType::array) return each(value, accept);
    if (value.type == ValueType::string) return accept(value);
    return expect(value, ValueType::array);
  }

  bool target(const Value& value, Parsed<LogTarget> (*parse)(std::string_view)) {
    if (!expect(value, ValueType::string)) return false;
    const auto parsed = parse(value.string);
    return parsed || wrong(value, parsed.error());
  }

  bool file(const Value& value) {
    if (!expect_element(value, ValueType::string)) return false;
    return value.string.starts_with('/') || value.string.starts_with("-/") ||
           element_not_allowed(value, "does not begin with /");
  }

  bool folder(const Value& value) {
    if (!expect_element(value, ValueType::string)) return false;
    const auto parts = split(value.string, '/');
    const bool escapes = std::ranges::any_of(
        parts, [](std::string_view part) { return part.empty() || part == "." || part == ".."; });
    return !escapes || element_not_allowed(value, "is no such path");
  }

  /// Values of variables are not shown: they may be secrets.
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
      findings_.add(
          Severity::error, member.at, full_name(key_),
          quoted(variable) + " is no name of a variable, must not be empty nor hold = or NUL");
      return false;
    }
    const Value& value = member.value;
    if (value.type == ValueType::string && !holds_nul(value)) return true;
    const std::string what = value.type != ValueType::string
                                 ? fmt::format("is {}, must be a string", type_phrase(value.type))
                                 : "holds a NUL character, which no value may";
    findings_.add(Severity::error, value.at, key, what);
    return false;
  }

  bool account(const Value& value) {
    if (value.type == ValueType::integer) {
      return (value.integer >= 0 && value.integer <= kMaxAccount) ||
             element_not_allowed(value, "is out of range");
    }
    if (!expect_element(value, ValueType::string)) return false;
    if (value.string.empty() && key_.default_text == "\"\"") return true;
    // passwd(5) parts fields by colons; a blank or control character is a mistake.
    const bool bad =
        value.string.empty() || std::any_of(value.string.begin(), value.string.end(), [](char c) {
          return static_cast<unsigned char>(c) <= ' ' || c == ':' || c == '\x7f';
        });
    return !bad || element_not_allowed(value, "is no name");
  }

  bool octal(const Value& value) {
    if (!expect(value, ValueType::string)) return false;
    const std::string& text = value.string;
    const bool digits = !text.empty() && text.find_first_not_of("01234567") == std::string::npos;
    const auto first = text.find_first_not_of('0');
    const std::size_t length = first == std::string::npos ? 0 : text.size() - first;
    return (digits && length <= 3) || not_allowed(value, "is no such mask");
  }

  bool signal(const Value& value) {
    if (value.type == ValueType::integer) return integer(value);
    if (!expect(value, ValueType::string)) return false;
    return signal_number(value.string) != 0 || no_signal(value, "is no signal", allowed_text(key_));
  }

  bool no_signal(const Value& value, std::string_view what, std::string_view allowed) {
    const std::string near = nearest_signal(value.string);
    return wrong(value,
                 fmt::format("{}, must be {}{}", what, allowed,
                             near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near)));
  }

  bool good_end(const Value& value) {
    if (value.type == ValueType::integer) return integer_element(value);
    if (!expect_element(value, ValueType::string)) return false;
    // "15" would be a signal where 15 is an exit code: whoever writes it may mean either.
    const bool number = value.string.find_first_not_of("0123456789") == std::string::npos;
    return (!number && signal_number(value.string) != 0) ||
           no_signal(value, "is no signal's name", element_text(key_));
  }

  bool limit(const Value& value) {
    if (value.type != ValueType::integer && value.type != ValueType::string)
      return expect(value, ValueType::integer);
    const auto limit = limit_of(value);
    if (!limit) return not_allowed(value, "is no limit");
    const auto within = [&](std::uint64_t half) {
      return half == kUnlimited || half <= static_cast<std::uint64_t>(key_.max);
    };
    if (!within(limit->soft) || !within(limit->hard)) return not_allowed(value, "is out of range");
    return limit->soft <= limit->hard ||
           wrong(value, "has a soft limit above the hard one, must be the other way round");
  }

  bool bytes(const Value& value) {
    if (value.type != ValueType::integer && value.type != ValueType::string)
      return expect(value, ValueType::integer);
    const auto bytes = bytes_of(value);
    if (!bytes) return not_allowed(value, "is no number of bytes");
    return (*bytes >= key_.min && *bytes <= key_.max) || not_allowed(value, "is out of range");
  }

  bool processors(const Value& value) {
    if (!expect(value, ValueType::string)) return false;
    const auto thousandths = thousandths_of(value.string);
    if (!thousandths) return not_allowed(value, "is no part of processors");
    return (*thousandths >= key_.min && *thousandths <= key_.max) ||
           not_allowed(value, "is out of range");
  }

  bool notify(const Value& value) {
    if (!expect(value, ValueType::string)) return false;
    if (value.string == kNotifySystemd) return true;
    if (!value.string.starts_with(kNotifyFd)) return not_allowed(value, "is no way to notify");
    const auto fd = parse_integer(std::string_view(value.string).substr(kNotifyFd.size()));
    return (fd && *fd >= key_.min && *fd <= key_.max) || not_allowed(value, "is out of range");
  }

  bool integers(const Value& value) {
    return each(value, [&](const Value& one) {
      return expect_element(one, ValueType::integer) && integer_element(one);
    });
  }

  bool cpus(const Value& value) {
    return integers(value) &&
           (!value.array.empty() || wrong(value, "is empty, must name a processor"));
  }

  bool statuses(const Value& value) {
    return each(value, [&](const Value& one) { return status(one); }) &&
           (!value.array.empty() || wrong(value, "is empty, so no answer would be healthy"));
  }

  bool status(const Value& value) {
    if (value.type != ValueType::integer && !expect_element(value, ValueType::string)) return false;
    const auto range = status_range_of(value);
    if (!range) return element_not_allowed(value, "is no range");
    if (range->first < key_.min || range->last > key_.max)
      return element_not_allowed(value, "is out of range");
    return range->first <= range->last || element_not_allowed(value, "ends before it begins");
  }

  bool capability(const Value& value) {
    if (!expect_element(value, ValueType::string)) return false;
    if (capability_number(value.string)) return true;
    std::string what = "is no capability's name";
    if (const auto near = nearest_capability(value.string)) {
      what += fmt::format(", did you mean \"{}\"?", *near);
    }
    return wrong(value, what);
  }

  bool integer_element(const Value& value) {
    return (value.integer >= key_.min && value.integer <= key_.max) ||
           element_not_allowed(value, "is out of range");
  }

  const Key& key_;
  Findings& findings_;
};

}  // namespace

std::string alternatives(std::span<const std::string_view> words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 < words.size() ? ", " : " or ";
    text += quoted(words[i]);
  }
  return text;
}

std::string allowed_text(const Key& key) {
  switch (key.type) {
    case Type::boolean: return "true or false";
    case Type::integer: return range_text(key);
    case Type::timeout: return range_text(key) + " or \"infinity\"";
    case Type::string: return "a string of one line";
    case Type::word: return alternatives(key.words);
    case Type::path: return "an absolute path";
    case Type::syslog: return "\"unix:/path\", \"udp:host:port\" or \"tcp:host:port\"";
    case Type::forward: return "\"tcp:host:port\" or \"unix:/path\"";
    case Type::name: return "a name";
    case Type::names: return "an array of names";
    case Type::command: return "a string or an array of strings";
    case Type::commands: return "a string, an array of strings or an array of such arrays";
    case Type::strings: return "a table of strings";
    case Type::account: return fmt::format("a name or an integer from 0 to {}", kMaxAccount);
    case Type::accounts:
      return fmt::format("an array of names and integers from 0 to {}", kMaxAccount);
    case Type::octal: return "a string of octal digits, at most \"0777\"";
    case Type::signal: return fmt::format("a signal's name or an integer from 1 to {}", key.max);
    case Type::success:
      return fmt::format("an array of exit codes from 0 to {} and signals' names", key.max);
    case Type::limit: return range_text(key) + ", \"unlimited\" or \"soft:hard\"";
    case Type::bytes: return range_text(key) + " or with a unit, as \"512M\"";
    case Type::processors:
      return "a string such as \"50%\" of one processor or \"2.5\" processors, at least \"0.1%\"";
    case Type::notify:
      return fmt::format("\"systemd\" or \"fd:N\", N being an integer from {} to {}", key.min,
                         key.max);
    case Type::files: return "an absolute path, which - may precede, or an array of such paths";
    case Type::folders:
      return "a relative path without empty parts, . and .., or an array of such paths";
    case Type::cpus:
    case Type::ports: return fmt::format("an array of integers from {} to {}", key.min, key.max);
    case Type::capabilities: return "an array of capabilities' names";
    case Type::statuses:
      return fmt::format("an array of codes from {} to {} and ranges such as \"200..299\"", key.min,
                         key.max);
  }
  return {};
}

bool check_value(const Key& key, const Value& value, Findings& findings) {
  return Check(key, findings).run(value);
}

}  // namespace zinit
