// Launches: everything that can be known before is prepared and checked here, in the job's thread;
// the child only applies it.
#include "supervisor/launch.hpp"

#include <unistd.h>

#include <algorithm>
#include <exception>

namespace zinit {

namespace {

std::string_view value_of(const std::vector<std::string>& environment, std::string_view key) {
  for (const std::string& entry : environment) {
    if (entry.starts_with(key) && entry.size() > key.size() && entry[key.size()] == '=') {
      return std::string_view(entry).substr(key.size() + 1);
    }
  }
  return {};
}

void set(std::vector<std::string>& environment, std::string_view key, std::string_view value) {
  std::string entry = std::string(key).append("=").append(value);
  const auto same_key = [&](const std::string& each) {
    return each.size() > key.size() && each[key.size()] == '=' && each.starts_with(key);
  };
  const auto found = std::ranges::find_if(environment, same_key);
  if (found == environment.end())
    environment.push_back(std::move(entry));
  else
    *found = std::move(entry);
}

Launch failed_launch(const Error& error) {
  Launch launch;
  launch.outcome.kind =
      error.temporary() ? LaunchOutcome::Kind::exhausted : LaunchOutcome::Kind::failed;
  launch.outcome.reason = {ReasonType::spawn_error, 0, error.text, {}};
  return launch;
}

Result<Child> spawn_service(const ServiceSpec& spec, Slot slot, const SpawnDefaults& defaults,
                            OutputPort& output) {
  Credentials credentials;
  if (!spec.user.empty() || !spec.group.empty()) {
    auto found = look_up(spec.user, spec.group);
    if (!found) return Failure(found.error());
    credentials = std::move(*found);
  }
  SpawnPlan plan;
  plan.argv = spec.exec.argv;
  plan.env = service_environment(spec, credentials, defaults.environment);
  plan.dir = spec.dir;
  plan.umask = spec.umask;
  plan.ids = std::move(credentials.ids);
  plan.nofile = defaults.nofile;
  plan.tty = spec.tty;
  auto program = resolve_program(plan.argv.front(), value_of(plan.env, "PATH"), plan.dir);
  if (!program) return Failure(program.error());
  plan.program = std::move(*program);
  OutputPipes pipes;
  if (spec.inherit_streams) {
    plan.in = STDIN_FILENO;
    plan.out = STDOUT_FILENO;
    plan.err = STDERR_FILENO;
  } else if (spec.tty.empty()) {
    auto opened = output.open_output(slot);
    if (!opened) return Failure(opened.error());
    pipes = std::move(*opened);
    plan.out = pipes.out.get();
    plan.err = pipes.err.get();
  }
  return spawn(plan);
}

}  // namespace

std::vector<std::string> service_environment(const ServiceSpec& spec,
                                             const Credentials& credentials,
                                             const std::vector<std::string>& base) {
  std::vector<std::string> environment = base;
  if (!spec.user.empty() && !credentials.name.empty()) {
    set(environment, "HOME", credentials.home.empty() ? "/" : credentials.home);
    set(environment, "USER", credentials.name);
    set(environment, "LOGNAME", credentials.name);
    set(environment, "SHELL", credentials.shell.empty() ? "/bin/sh" : credentials.shell);
  }
  for (const auto& [key, value] : spec.env) set(environment, key, value);
  set(environment, "ZINIT_SERVICE", spec.name);
  return environment;
}

Launch launch(const ServiceSpec& spec, Slot slot, const SpawnDefaults& defaults,
              OutputPort& output) noexcept {
  try {
    if (spec.is_target()) return {};
    auto child = spawn_service(spec, slot, defaults, output);
    if (!child) return failed_launch(child.error());
    Launch launch;
    launch.child = std::move(*child);
    return launch;
  } catch (const std::exception& fault) {
    // Only memory can be lacking here; what is lacking may be there later.
    return failed_launch(Error{fault.what(), ENOMEM});
  }
}

}  // namespace zinit
