// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Names of units, and the specifiers in their settings (systemd.unit(5)).

#include "base/format.hpp"
#include "base/text.hpp"
#include "config/spec_reader.hpp"
#include "import/systemd.hpp"

namespace zinit {

namespace {

/// Units of systemd's own, with their counterparts here: a target or service of the sample
/// configurations, or nothing.
struct StandardUnit {
  std::string_view names;  // with a blank before and after each
  std::string_view ours;
  std::string_view reason;
};

constexpr StandardUnit kStandardUnits[] = {
    {" sysinit.target basic.target local-fs.target local-fs-pre.target swap.target paths.target "
     "sockets.target timers.target systemd-tmpfiles-setup.service systemd-sysctl.service "
     "systemd-modules-load.service systemd-remount-fs.service systemd-random-seed.service "
     "systemd-udevd.service systemd-udev-settle.service systemd-udev-trigger.service -.mount ",
     "basic",
     {}},
    {" network.target network-online.target network-pre.target ", "network", {}},
    {" remote-fs.target ", "network-mounts", {}},
    {" multi-user.target graphical.target default.target ", "multi-user", {}},
    {" rescue.target emergency.target ", "rescue", {}},
    {" syslog.target syslog.service syslog.socket ", "rsyslog", {}},
    {" shutdown.target umount.target final.target exit.target poweroff.target reboot.target "
     "halt.target kexec.target systemd-journald.socket systemd-journald-dev-log.socket "
     "systemd-journald.service systemd-initctl.socket ",
     {},
     {}},
    {" nss-lookup.target nss-user-lookup.target time-sync.target time-set.target "
     "rpcbind.target remote-fs-pre.target getty.target cryptsetup.target "
     "systemd-user-sessions.service systemd-logind.service plymouth-quit.service "
     "plymouth-quit-wait.service rc-local.service getty-pre.target ",
     {},
     "nothing here stands for it; name the service that does its work"},
};

/// Replaces \x2d and - by the characters that they stand for (systemd-escape(1)).
std::string unescaped(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with("\\x") && i + 3 < text.size()) {
      result += static_cast<char>(std::stoi("0" + std::string(text.substr(i + 2, 2)), nullptr, 16));
      i += 3;
    } else {
      result += text[i] == '-' ? '/' : text[i];
    }
  }
  return result;
}

bool hex_escapes_are_whole(std::string_view text) {
  for (std::size_t i = text.find("\\x"); i < text.size(); i = text.find("\\x", i + 1))
    if (text.size() < i + 4 ||
        text.substr(i + 2, 2).find_first_not_of("0123456789abcdefABCDEF") != text.npos)
      return false;
  return true;
}

/// The value of a specifier; nothing if it is known only when a unit runs.
std::optional<std::string> specifier(const Unit& unit, char letter) {
  const std::string stem = unit.stem();
  const std::size_t at = stem.find('@');
  const std::string prefix = stem.substr(0, at);
  const std::string instance = at == std::string::npos ? "" : stem.substr(at + 1);
  const bool ours_knows = unit.is_template();
  if (unit.of_connections && std::string_view("iInNf").find(letter) != std::string_view::npos)
    return std::nullopt;
  switch (letter) {
    case '%': return ours_knows ? "%%" : "%";
    case 'i': return ours_knows ? "%i" : instance;
    case 'I':
      if (ours_knows) return "%i";
      if (!hex_escapes_are_whole(instance)) return std::nullopt;
      return unescaped(instance);
    case 'f':
      if (ours_knows || !hex_escapes_are_whole(stem)) return std::nullopt;
      return "/" + unescaped(instance.empty() ? prefix : instance);
    case 'n': return ours_knows ? fmt::format("%n.{}", unit.type()) : unit.name;
    case 'N': return ours_knows ? "%n" : stem;
    case 'p': return prefix;
    case 'j': return prefix.substr(prefix.rfind('-') + 1);
    case 't': return "/run";
    case 'S': return "/var/lib";
    case 'C': return "/var/cache";
    case 'L': return "/var/log";
    case 'E': return "/etc";
    case 'T': return "/tmp";
    case 'V': return "/var/tmp";
    case 'h': return "/root";
    case 'u':
    case 'g': return "root";
    case 'U':
    case 'G': return "0";
    case 'y': return unit.path;
    case 'Y': return folder_of(unit.path);
    default: return std::nullopt;
  }
}

/// A name that zinit.toml(5) allows. In a template, %i and %n are not filled in yet.
std::string named_here(std::string_view stem) {
  return stem.find('%') == stem.npos ? usable_name(stem) : std::string(stem);
}

}  // namespace

Result<std::string> resolve_specifiers(const Unit& unit, std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    if (++i == text.size()) {  // as in TasksMax=50%
      result += '%';
      break;
    }
    auto value = specifier(unit, text[i]);
    if (!value && unit.of_connections)
      return failure(fmt::format(
          "here the instances of connections are NAME@1, NAME@2, ..., so %{} would have another "
          "value",
          text[i]));
    if (!value)
      return failure(fmt::format("%{} is not known before it runs; write its value", text[i]));
    result += *value;
  }
  return result;
}

UnitName name_here(std::string_view unit) {
  for (const StandardUnit& one : kStandardUnits)
    if (has_word(one.names, unit)) return {std::string(one.ours), std::string(one.reason)};
  const std::size_t dot = unit.rfind('.');
  const std::string_view type = dot == unit.npos ? "" : unit.substr(dot + 1);
  for (const std::string_view own : {"service", "target", "socket", "timer", "path"})
    if (type == own) return {named_here(unit.substr(0, dot)), {}};
  if (type == "mount" || type == "swap") return {"basic", {}};
  return {{},
          type.empty() ? "it is no name of a unit" : fmt::format("zinit has no {} units", type)};
}

}  // namespace zinit
