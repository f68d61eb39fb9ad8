// Checks names of services, and finds whether a change of spec takes a restart.
#include "model/spec.hpp"

#include <algorithm>
#include <string_view>

#include "base/format.hpp"

namespace zinit {

namespace {

constexpr std::array<std::string_view, 2> kTakenNames = {"zinit", "syslog"};

constexpr bool letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// One part of a spec that a file can change.
struct Part {
  std::string_view key;  // or section, as service files have it
  SpecChange change;     // what a change of it takes
  bool (*same)(const ServiceSpec& before, const ServiceSpec& after);
};

template <auto member>
bool same(const ServiceSpec& before, const ServiceSpec& after) {
  return before.*member == after.*member;
}

// If something changes that the process was made from, the process must be restarted. Only zinit
// looks at the rest, dependencies included, so changes take effect without a restart.
constexpr SpecChange kProcess = SpecChange::restart;
constexpr SpecChange kOwn = SpecChange::settings;
constexpr Part kParts[] = {
    {"[service] or [target]", kProcess, same<&ServiceSpec::kind>},
    {"exec", kProcess, same<&ServiceSpec::exec>},
    {"dir", kProcess, same<&ServiceSpec::dir>},
    {"oneshot", kProcess, same<&ServiceSpec::oneshot>},
    {"env", kProcess, same<&ServiceSpec::env>},
    {"env_file", kProcess, same<&ServiceSpec::env_file>},
    {"user", kProcess, same<&ServiceSpec::user>},
    {"group", kProcess, same<&ServiceSpec::group>},
    {"groups", kProcess, same<&ServiceSpec::groups>},
    {"umask", kProcess, same<&ServiceSpec::umask>},
    {"tty", kProcess, same<&ServiceSpec::tty>},
    {"pre_exec", kProcess, same<&ServiceSpec::pre_exec>},
    {"directories", kProcess, same<&ServiceSpec::directories>},
    {"[readiness]", kProcess, same<&ServiceSpec::readiness>},
    {"[limits]", kProcess, same<&ServiceSpec::limits>},
    {"[process]", kProcess, same<&ServiceSpec::process>},
    {"[socket]", kProcess, same<&ServiceSpec::socket>},
    {"description", kOwn, same<&ServiceSpec::description>},
    {"status", kOwn, same<&ServiceSpec::status>},
    {"class", kOwn, same<&ServiceSpec::class_>},
    {"critical", kOwn, same<&ServiceSpec::critical>},
    {"survive", kOwn, same<&ServiceSpec::survive>},
    {"ports", kOwn, same<&ServiceSpec::ports>},
    {"post_exec", kOwn, same<&ServiceSpec::post_exec>},
    {"stop_exec", kOwn, same<&ServiceSpec::stop_exec>},
    {"reload_exec", kOwn, same<&ServiceSpec::reload_exec>},
    {"reload_signal", kOwn, same<&ServiceSpec::reload_signal>},
    {"[dependencies]", kOwn, same<&ServiceSpec::dependencies>},
    {"[lifecycle]", kOwn, same<&ServiceSpec::lifecycle>},
    {"[health]", kOwn, same<&ServiceSpec::health>},
    {"[logging]", kOwn, same<&ServiceSpec::logging>},
    {"[resources]", kOwn, same<&ServiceSpec::resources>},
};

}  // namespace

bool allowed_in_name(char c) noexcept {
  return letter_or_digit(c) || std::string_view("_.@-").find(c) != std::string_view::npos;
}

bool is_taken_name(std::string_view name) noexcept {
  return std::find(kTakenNames.begin(), kTakenNames.end(), name) != kTakenNames.end();
}

SpecChange compare(const ServiceSpec& before, const ServiceSpec& after) {
  SpecChange change = SpecChange::none;
  for (const Part& part : kParts)
    if (!part.same(before, after)) change = std::max(change, part.change);
  return change;
}

std::vector<std::string_view> restart_causes(const ServiceSpec& before, const ServiceSpec& after) {
  std::vector<std::string_view> keys;
  for (const Part& part : kParts)
    if (part.change == kProcess && !part.same(before, after)) keys.push_back(part.key);
  return keys;
}

std::optional<std::string> name_fault(const std::string& name) {
  if (name.empty()) return "a name must not be empty";
  if (name.size() > kNameMax) {
    return fmt::format("a name has at most {} characters, this one has {}", kNameMax, name.size());
  }
  if (!letter_or_digit(name.front())) return "a name begins with a letter or a digit";
  if (!std::all_of(name.begin(), name.end(), allowed_in_name))
    return "a name is made of A-Z, a-z, 0-9, _, ., @ and - alone";
  if (is_taken_name(name)) return fmt::format("the name {} is zinit's own", name);
  return std::nullopt;
}

}  // namespace zinit
