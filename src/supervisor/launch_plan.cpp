// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Prepares and checks everything before a spawn, so that the child only has to apply it. See
// launch_plan.hpp.
#include "supervisor/launch_plan.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "base/log.hpp"
#include "base/trusted_path.hpp"
#include "os/directories.hpp"
#include "os/membership.hpp"
#include "supervisor/launch_kinds.hpp"

namespace zinit {

namespace {

// Like kEnvironmentFileMax, a limit for files that less trusted users may write.
constexpr std::size_t kMostSettings = 10000;

Result<void> add_file(Environment& environment, const ServiceSpec& spec,
                      const EnvironmentFile& file) {
  // zinit reads with its own rights: in its own folder a user could link the name to any file.
  const auto fd = open_trusted(file.path, O_RDONLY, 0, LastLink::followed);
  const auto text = fd ? read_open_file(fd->get(), file.path.c_str(), kEnvironmentFileMax)
                       : Result<std::string>(Failure(fd.error()));
  if (!text) {
    if (file.optional && text.error().errnum == ENOENT) return {};
    return Failure(Error{"env_file: " + text.error().text, text.error().errnum});
  }
  EnvironmentText read = parse_environment_text(*text);
  for (const int line : read.faulty) {
    log_warn("{}: {}:{}: {}", spec.name, file.path, line, kFaultyLine);
  }
  if (const std::size_t more = read.faulty_count - read.faulty.size(); more > 0)
    log_warn("{}: {}: {} more of its lines are ignored", spec.name, file.path, more);
  if (read.settings.size() > kMostSettings) {
    return failure(fmt::format("env_file: cannot use {}: it has {} settings, {} are allowed",
                               file.path, read.settings.size(), kMostSettings));
  }
  set_environment(environment, std::move(read.settings));
  return {};
}

/// In this order, later ones win: the base environment, the variables of the user, env_file, env,
/// variables for this process only, and those by which it finds zinit (zinit.toml(5),
/// "ENVIRONMENT").
Result<void> fill_environment(Environment& environment, const LaunchOrder& order,
                              const Credentials& credentials, const SpawnDefaults& defaults) {
  const ServiceSpec& spec = *order.spec;
  environment = *defaults.environment.get();
  if (!spec.user->empty()) {
    // A uid without a passwd entry gets its number as name and the defaults below, because zinit's
    // own values belong to another user.
    const std::string name =
        credentials.name.empty() ? fmt::format("{}", *credentials.ids.uid) : credentials.name;
    set_environment(environment, "HOME", credentials.home.empty() ? "/" : credentials.home);
    set_environment(environment, "USER", name);
    set_environment(environment, "LOGNAME", name);
    set_environment(environment, "SHELL",
                    credentials.shell.empty() ? "/bin/sh" : credentials.shell);
  }
  for (const EnvironmentFile& file : *spec.env_file) {
    if (auto added = add_file(environment, spec, file); !added) return added;
  }
  Environment own;
  own.reserve(spec.env->size());
  std::vector<std::string_view> taken_out;
  for (const auto& [key, value] : *spec.env) {
    if (value)
      own.push_back(std::string(key).append("=").append(*value));
    else
      taken_out.push_back(key);
  }
  set_environment(environment, std::move(own));
  remove_from(environment, taken_out);
  for (const std::string& entry : order.extra) {
    const auto equals = entry.find('=');
    set_environment(environment, entry.substr(0, equals), entry.substr(equals + 1));
  }
  set_environment(environment, kServiceVariable, spec.name);
  if (order.what != LaunchOrder::What::main && !runs_beside(order.what))
    set_environment(environment, kStepVariable, kind_of(order.what).name);
  if (!defaults.socket.empty()) set_environment(environment, "ZINIT_SOCKET", defaults.socket);
  return {};
}

}  // namespace

Result<void> prepare(const LaunchOrder& order, const SpawnDefaults& defaults, SpawnPlan& plan) {
  const ServiceSpec& spec = *order.spec;
  Credentials credentials;
  if (!spec.user->empty() || !spec.group->empty() || *spec.groups) {
    auto found = look_up(*spec.user, *spec.group, *spec.groups);
    if (!found) return Failure(found.error());
    credentials = std::move(*found);
  }
  Command command = kind_of(order.what).command(*order.spec, order.index);
  plan.argv = std::move(command.argv);
  plan.as_by_shell = command.as_by_shell;
  if (plan.argv.empty()) return failure("its file no longer has this command");
  if (auto filled = fill_environment(plan.env, order, credentials, defaults); !filled)
    return filled;
  plan.dir = spec.dir;
  plan.umask = spec.umask;
  plan.ids = std::move(credentials.ids);
  plan.nofile = defaults.nofile;
  plan.limits = *spec.limits;
  plan.process = *spec.process;
  const auto program = resolve_program(plan.argv.front(), value_of(plan.env, "PATH").value_or(""),
                                       plan.dir, spec.process->root);
  if (!program) return Failure(program.error());
  plan.program = *program;
  return {};
}

Result<void> make_directories(const ServiceSpec& spec, const Ids& ids,
                              const DirectoryPlaces& places,
                              std::vector<std::string>& runtime_dirs) {
  struct Folder {
    const std::vector<std::string>& names;
    const std::string& place;
    std::string_view key;
  };
  const ServiceDirectories& wanted = *spec.directories;
  for (const Folder& folder : {Folder{wanted.runtime, places.runtime, "runtime_dir"},
                               Folder{wanted.state, places.state, "state_dir"},
                               Folder{wanted.cache, places.cache, "cache_dir"},
                               Folder{wanted.log, places.log, "log_dir"}}) {
    if (!folder.names.empty() && folder.place.empty()) {
      if (&folder.names == &wanted.runtime)
        return failure("no place for runtime_dir: XDG_RUNTIME_DIR is not set to an absolute path");
      return failure(
          fmt::format("no place for {}: neither its XDG variable nor HOME is set to "
                      "an absolute path",
                      folder.key));
    }
    for (const std::string& name : folder.names) {
      // An ordinary user's zinit makes them in that user's own, private places.
      const mode_t place_mode = ::geteuid() == 0 ? 0755 : 0700;
      auto made = make_service_directory(folder.place, name, ids.uid.value_or(::geteuid()),
                                         ids.gid.value_or(::getegid()), place_mode);
      if (!made) return made;
      if (&folder.names == &wanted.runtime) runtime_dirs.push_back(name);
    }
  }
  return {};
}

void remove_runtime_directories(const std::string& service, const std::string& place,
                                const std::vector<std::string>& names) {
  // A directory may lie in one that is named before it, so the last is removed first.
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    const auto removed = remove_service_directory(place, *name);
    if (!removed) log_warn("{}: {}; the directory stays", service, removed.error().text);
  }
}

}  // namespace zinit
