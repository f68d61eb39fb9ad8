// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Finds things that services name and that a machine lacks: see absences.hpp.
#include "files/absences.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <memory>

#include "base/environment.hpp"
#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/rooted.hpp"
#include "config/check_warnings.hpp"
#include "config/shell_words.hpp"
#include "os/cgroup_tree.hpp"
#include "os/program_file.hpp"
#include "os/spawn.hpp"
#include "os/users.hpp"

namespace zinit {

namespace {

bool is_absent(int errnum) { return errnum == ENOENT || errnum == ENOTDIR || errnum == ELOOP; }

/// Why a user or group does not exist; empty if it does. Other errors may be this user's alone: the
/// server, which runs as root, may not have them.
std::string fault_of_account(const UserFiles& files, const std::string& user,
                             const std::string& group) {
  const auto found = look_up(user, group, {}, files);
  const bool told = !found && (found.error().errnum == 0 || found.error().errnum == ENOENT);
  return told ? found.error().text : std::string();
}

/// The file at `path` of the system below `root`. If it cannot be resolved, the result is a path
/// without a file.
std::string place_below(const std::string& root, const std::string& path) {
  return real_below(root, root + path).value_or(std::string());
}

UserFiles user_files_below(const std::string& root) {
  const UserFiles here;
  return {place_below(root, here.passwd), place_below(root, here.group)};
}

/// Facts that all services share.
struct Surroundings {
  std::string root;  // of a system other than the running one; or empty
  UserFiles files;
  std::string path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  long processors = 0;  // 0: unknown
  std::optional<Controllers> controllers;
  std::map<std::string, std::string> accounts;  // why "u:NAME" or "g:NAME" does not exist, or empty

  /// A service's PATH comes from /etc/environment. In containers and for standalone servers it is
  /// the server's own, which may be that of zinitctl's caller.
  Surroundings(const std::string& below, const std::optional<Controllers>& of_cgroups)
      : root(below == "/" ? "" : below), files(user_files_below(root)), controllers(of_cgroups) {
    if (root.empty()) {
      processors = ::sysconf(_SC_NPROCESSORS_CONF);
      if (const char* own = std::getenv("PATH")) path.append(":").append(own);
    }
    const std::string environment_file = place_below(root, "/etc/environment");
    if (const auto text = read_file(environment_file.c_str(), kEnvironmentFileMax)) {
      Environment environment;
      set_environment(environment, parse_environment_text(*text).settings);
      if (const auto set = value_of(environment, "PATH")) path.append(":").append(*set);
    }
  }

  const std::string& account_fault(bool group, const std::string& name) {
    const auto [known, fresh] = accounts.try_emplace((group ? "g:" : "u:") + name);
    if (fresh)
      known->second = group ? fault_of_account(files, {}, name) : fault_of_account(files, name, {});
    return known->second;
  }
};

/// Looks at one service.
class AbsenceSearch {
 public:
  AbsenceSearch(const ServiceSpec& spec, Surroundings& machine)
      : spec_(spec), machine_(machine), root_(machine.root) {
    if (spec.process->root.empty()) return;
    root_ = root_.empty() ? spec.process->root : place_below(root_, spec.process->root);
  }

  std::vector<Absence> find() {
    look_at_accounts();
    for (std::size_t i = 0; i < spec_.env_file->size(); ++i) {
      const EnvironmentFile& file = (*spec_.env_file)[i];
      const Absence where{"service", "env_file", i};
      if (!file.optional) look_at(machine_.root, file.path, where);
      const std::string path = place_below(machine_.root, file.path);
      const auto text = read_file(path.c_str(), kEnvironmentFileMax);
      if (!text) continue;
      for (const int line : parse_environment_text(*text).faulty)
        tell(where, fmt::format("{}:{}: {}", file.path, line, kFaultyLine));
    }
    const std::string& log = spec_.logging->file;
    const std::string folder = log.substr(0, log.rfind('/') + 1);  // npos + 1 is 0
    if (folder.size() > 1 && !is_made(folder))
      look_at_directory(machine_.root, folder.substr(0, folder.size() - 1), {"logging", "file"});
    look_at_processors();
    look_at_controllers();
    // Without its root nothing is known about the files below it.
    const std::string& own = spec_.process->root;
    if (own.empty() || look_at_directory(machine_.root, own, {"process", "root"}))
      look_below_root();
    return std::move(found_);
  }

 private:
  void tell(Absence where, std::string text) {
    where.text = std::move(text);
    found_.push_back(std::move(where));
  }

  /// The file's status; nothing if the file is missing, which is reported, or if that is unknown.
  std::optional<struct stat> look_at(const std::string& root, const std::string& path,
                                     const Absence& where) {
    const auto status = stat_below(root, path);
    if (status) return *status;
    if (is_absent(status.error().errnum)) tell(where, in_root(root, path) + " does not exist");
    return std::nullopt;
  }

  static std::string in_root(const std::string& root, const std::string& path) {
    return root.empty() ? path : fmt::format("{} below {}", path, root);
  }

  bool look_at_directory(const std::string& root, const std::string& path, const Absence& where) {
    const auto status = look_at(root, path, where);
    if (!status) return false;
    if (!S_ISDIR(status->st_mode)) tell(where, in_root(root, path) + " is not a directory");
    return S_ISDIR(status->st_mode);
  }

  void look_at_account(bool group, const std::string& name, const Absence& where) {
    if (name.empty()) return;
    const std::string& fault = machine_.account_fault(group, name);
    if (!fault.empty()) tell(where, fault);
  }

  void look_at_accounts() {
    look_at_account(false, *spec_.user, {"service", "user"});
    look_at_account(true, *spec_.group, {"service", "group"});
    if (*spec_.groups) {
      for (std::size_t i = 0; i < (*spec_.groups)->size(); ++i)
        look_at_account(true, (**spec_.groups)[i], {"service", "groups", i});
    }
    look_at_account(false, spec_.socket->user, {"socket", "user"});
    look_at_account(true, spec_.socket->group, {"socket", "group"});
  }

  /// Users often write "50" for "50%".
  void look_at_processors() {
    const auto& thousandths = spec_.resources->cpu_max;
    if (!thousandths || machine_.processors < 1) return;
    const double cores = *thousandths / 1000.0;
    if (cores <= static_cast<double>(machine_.processors)) return;
    tell({"resources", "cpu_max"},
         fmt::format("allows {} cores, and this machine has {}; half of one core is \"50%\"", cores,
                     machine_.processors));
  }

  void look_at_controllers() {
    if (!machine_.controllers) return;
    const auto& [names, whose] = *machine_.controllers;
    for (const NeededController& needed : controllers_needed(*spec_.resources))
      if (!contains(names, needed.controller))
        tell({"resources", needed.key},
             fmt::format("is not enforced: {} no controller {}", whose, needed.controller));
  }

  void look_below_root() {
    if (!is_made(spec_.dir)) look_at_directory(root_, spec_.dir, {"service", "dir"});
    look_at_command(spec_.exec, {"service", "exec"});
    look_at_commands(*spec_.pre_exec, "pre_exec");
    look_at_commands(*spec_.ready_exec, "ready_exec");
    look_at_commands(*spec_.post_exec, "post_exec");
    look_at_command(*spec_.stop_exec, {"service", "stop_exec"});
    look_at_command(*spec_.reload_exec, {"service", "reload_exec"});
    look_at_command(*spec_.check_exec, {"service", "check_exec"});
    look_at_command(spec_.health->exec, {"health", "exec"});
    look_at_command(spec_.condition->exec.command, {"condition", "exec"});
  }

  /// Whether zinit makes the directory before the start, or a directory above it.
  [[nodiscard]] bool is_made(const std::string& dir) const {
    const ServiceDirectories& made = *spec_.directories;
    for (const auto* names : {&made.runtime, &made.state, &made.cache, &made.log}) {
      for (const std::string& name : *names)
        if ((dir + "/").find("/" + name + "/") != std::string::npos) return true;
    }
    return false;
  }

  void look_at_commands(const std::vector<Command>& commands, std::string_view key) {
    for (std::size_t i = 0; i < commands.size(); ++i)
      look_at_command(commands[i], {"service", key, i});
  }

  void look_at_command(const Command& command, const Absence& where) {
    const std::vector<std::string>& argv = command.argv;
    if (argv.empty()) return;
    look_at_program(argv.front(), where);
    if (argv.size() != 3 || argv[0] != "/bin/sh" || argv[1] != "-c") return;
    const std::string_view first = first_program(argv[2]);
    if (!first.empty()) look_at_program(std::string(first), where);
  }

  void look_at_program(const std::string& name, const Absence& where) {
    const bool bare = name.find('/') == std::string::npos;
    const auto path = bare ? searched_path() : std::string();
    if (!path) return;
    const auto program = resolve_program(name, *path, spec_.dir, root_);
    if (program) return look_at_file(*program, where);
    const int errnum = program.error().errnum;
    if (errnum == EACCES) return tell(where, name + " is not executable");
    if (errnum == ENOENT)
      tell(where, in_root(root_, fmt::format("no program \"{}\" in PATH", name)));
  }

  /// All directories in which the service may look for programs; nothing if they are unknown.
  [[nodiscard]] std::optional<std::string> searched_path() const {
    const auto set =
        std::ranges::find(*spec_.env, "PATH", [](const auto& one) { return one.first; });
    if (set != spec_.env->end()) return set->second.value_or("");
    if (!spec_.env_file->empty()) return std::nullopt;
    return machine_.path;
  }

  void look_at_file(const std::string& program, const Absence& where) {
    const auto status = look_at(root_, program, where);
    if (!status) return;
    if (!S_ISREG(status->st_mode)) return tell(where, program + " is not a regular file");
    if ((status->st_mode & 0111) == 0) return tell(where, program + " is not executable");
    const Refused refused = machine_.root.empty() ? Refused::perhaps : Refused::elsewhere;
    const std::string fault = program_fault(root_, program, refused);
    if (!fault.empty()) tell(where, fmt::format("{} cannot be executed: {}", program, fault));
  }

  const ServiceSpec& spec_;
  Surroundings& machine_;
  std::string root_;
  std::vector<Absence> found_;
};

}  // namespace

FindAbsences absences_in(const std::string& root, const std::optional<Controllers>& controllers) {
  return [machine = std::make_shared<Surroundings>(root, controllers)](const ServiceSpec& spec) {
    return AbsenceSearch(spec, *machine).find();
  };
}

std::vector<std::string> absence_warnings(std::span<const SpecPtr> specs) {
  const FindAbsences find = absences_in({});
  std::vector<std::string> warnings;
  for (const SpecPtr& spec : specs) {
    if (spec->file.empty()) continue;  // it was added at runtime, or is the command
    std::vector<Diagnostic> found;
    tell_absences(*spec, find, read_from_disk, found);
    sort_by_place(found);
    // The instances of a template have its warnings.
    for (const Diagnostic& one : found) add_once(warnings, to_text(one));
  }
  return warnings;
}

FindGroup group_absences_in(const std::string& root) {
  return [files = user_files_below(root == "/" ? "" : root)](const std::string& group) {
    return fault_of_account(files, {}, group);
  };
}

}  // namespace zinit
