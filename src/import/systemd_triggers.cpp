// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// [Socket], [Timer] and [Path] of units (systemd.socket(5), systemd.timer(5), systemd.path(5)).
// Here they are sections of the service that they start.

#include "base/format.hpp"
#include "base/text.hpp"
#include "config/foreign_keys.hpp"
#include "config/keys.hpp"
#include "config/value_text.hpp"
#include "import/systemd.hpp"
#include "model/listen_address.hpp"

namespace zinit {

namespace {

constexpr const char* kOfTheServiceHere = "here it would apply to the service, not only to its {}";

/// An address in the form of our [socket]; empty for another address family.
std::string listen_address(std::string_view key, const std::string& value) {
  const bool datagram = key == "ListenDatagram";
  if (key == "ListenFIFO") return "fifo:" + value;
  if (value.starts_with('/')) return (datagram ? "unix-dgram:" : "unix:") + value;
  const std::string prefix = datagram ? "udp:" : "";
  if (parse_integer(value)) return fmt::format("{}[::]:{}", prefix, value);
  return value.find(':') == std::string::npos || value.starts_with("vsock:") ? "" : prefix + value;
}

class TriggerSettings {
 public:
  TriggerSettings(const Unit& unit, Draft& draft) : unit_(unit), draft_(draft) {}

  void take(const Setting& setting) {
    const auto value = resolve_specifiers(unit_, setting.value);
    if (!value) return draft_.leave(setting, value.error().text);
    const std::string_view key = setting.key;
    if (key.starts_with("Exec")) return draft_.leave(setting, "zinit runs no command for a socket");
    if (key == "Service" || key == "Unit" || key == "AccuracySec") return draft_.met(setting);
    if (setting.section == "Socket") return take_socket(setting, *value);
    if (setting.section == "Timer") return take_timer(setting, *value);
    if (key == "PathModified") return draft_.carry_words(setting, "path.changed", {*value});
    own_by_table(setting, *value);
  }

 private:
  /// A key that belongs to another section of ours would affect the service.
  void own_by_table(const Setting& setting, const std::string& value) {
    const Key* const key = foreign_meaning(setting.section, setting.key).key;
    const std::string_view type = unit_.type();
    if (key == nullptr || key->section == type) return draft_.by_table(setting, value);
    draft_.leave(setting, fmt::format(kOfTheServiceHere, type));
  }

  void take_socket(const Setting& setting, const std::string& value) {
    const std::string_view key = setting.key;
    if (key == "ListenStream" || key == "ListenDatagram" || key == "ListenFIFO") {
      const std::string address = listen_address(key, value);
      if (address.empty())
        return draft_.leave(setting, "zinit has no such sockets", "socket.listen");
      const std::size_t before = count("socket.listen");
      draft_.carry_words(setting, "socket.listen", {address});
      return name_socket(before);
    }
    if (key == "Accept") {
      if (bool_of(value) == false) return draft_.met(setting);
      return draft_.carry_text(setting, "socket.accept", value);
    }
    if (key == "FileDescriptorName") return draft_.met(setting);
    if (key == "BindIPv6Only" && (value == "default" || value == bind_here()))
      return draft_.met(setting);
    if (key == "MaxConnections" && bool_of(unit_.last("Socket", "Accept")) != true)
      return draft_.met(setting);
    own_by_table(setting, value);
  }

  /// What BindIPv6Only would be for the sockets as they are here: all of [::] alone, or none.
  [[nodiscard]] std::string_view bind_here() const {
    std::vector<std::string> all;
    for (const Setting& one : unit_.settings)
      if (one.key == "ListenStream" || one.key == "ListenDatagram")
        all.push_back(listen_address(one.key, one.value));
    std::size_t both = 0, alone = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto address = parse_listen_address(all[i]);
      if (address && address->place.host == "::") ++(is_beside_ipv4(all, i) ? alone : both);
    }
    return alone == 0 ? "both" : both == 0 ? "ipv6-only" : "";
  }

  std::size_t count(std::string_view ours) const {
    const Value* const list = draft_.find(ours);
    return list == nullptr ? 0 : list->array.size();
  }

  /// Names the socket that follows `before` others. Some of these may have no name.
  void name_socket(std::size_t before) {
    const auto name = resolve_specifiers(unit_, unit_.last("Socket", "FileDescriptorName"));
    if (!name || name->empty() || count("socket.listen") == before) return;
    const Value* const given = draft_.find("socket.names");
    Value names = given == nullptr ? words_value({}) : *given;
    while (names.array.size() < before) names.array.push_back(text_value(draft_.name()));
    names.array.push_back(text_value(*name));
    draft_.put("socket.names", std::move(names));
  }

  void take_timer(const Setting& setting, const std::string& value) {
    constexpr std::string_view first = " OnBootSec OnStartupSec OnActiveSec ";
    if (has_word(first, setting.key) && draft_.find("timer.on_boot_ms") != nullptr)
      return draft_.leave(setting, "zinit has only one such time, and another setting sets it",
                          "timer.on_boot_ms");
    if (setting.key == "OnUnitInactiveSec")
      draft_.remark("OnUnitInactiveSec: counts from the last start, not from the last end");
    if (setting.key == "OnActiveSec") draft_.remark("OnActiveSec: counts from the boot");
    own_by_table(setting, value);
  }

  const Unit& unit_;
  Draft& draft_;
};

}  // namespace

void draft_trigger(const Unit& unit, Draft& draft) {
  const std::string own = unit.type() == "socket"  ? "Socket"
                          : unit.type() == "timer" ? "Timer"
                                                   : "Path";
  TriggerSettings trigger(unit, draft);
  for (const Setting& setting : unit.settings) {
    const std::string_view in = setting.section;
    const std::string_view key = setting.key;
    // Its place in the boot is the service's, and the service's description is better.
    const bool no_matter = key == "Description" || key == "Documentation" || key == "WantedBy" ||
                           key == "Before" || key == "After" || key == "DefaultDependencies";
    if (in == own)
      trigger.take(setting);
    else if (in.starts_with("X-"))
      continue;
    else if ((in == "Unit" || in == "Install") && no_matter)
      draft.met(setting);
    else if (in == "Unit" || in == "Install")
      draft.leave(setting, fmt::format(kOfTheServiceHere, unit.type()));
    else
      draft.leave(setting, "zinit has no such thing for a socket, timer or path");
  }
}

}  // namespace zinit
