// Names that services may have, and what a change from one spec to another takes.
#include "model/spec.hpp"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "base/format.hpp"

namespace zinit {

namespace {

constexpr std::array<std::string_view, 2> kTakenNames = {"zinit", "syslog"};

constexpr bool letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// What the process was made from: it has to be made anew when any of this changes.
auto process_part(const ServiceSpec& spec) {
  return std::tie(spec.kind, spec.exec, spec.dir, spec.oneshot, spec.env, spec.user, spec.group,
                  spec.groups, spec.umask, spec.tty, spec.limits, spec.process, spec.env_file,
                  spec.pre_exec, spec.directories);
}

/// What zinit alone looks at. Dependencies too: new edges take effect without stopping what holds.
auto settings_part(const ServiceSpec& spec) {
  return std::tie(spec.description, spec.status, spec.class_, spec.critical, spec.survive,
                  spec.dependencies, spec.lifecycle, spec.logging, spec.ports, spec.post_exec,
                  spec.stop_exec, spec.reload_exec, spec.reload_signal, spec.resources);
}

}  // namespace

bool allowed_in_name(char c) noexcept {
  return letter_or_digit(c) || std::string_view("_.@-").find(c) != std::string_view::npos;
}

bool is_taken_name(std::string_view name) noexcept {
  return std::find(kTakenNames.begin(), kTakenNames.end(), name) != kTakenNames.end();
}

SpecChange compare(const ServiceSpec& before, const ServiceSpec& after) {
  if (process_part(before) != process_part(after)) return SpecChange::restart;
  if (settings_part(before) != settings_part(after)) return SpecChange::settings;
  return SpecChange::none;
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
