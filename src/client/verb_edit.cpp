// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl edit: starts an editor on a copy of a service's file, or of a drop-in for it. The copy
// is checked as if it were in place already. If it has no fault, it replaces the file, and the
// server is asked to reload.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "client/libzinit/json.hpp"
#include "client/question.hpp"
#include "client/service_files.hpp"
#include "config/check.hpp"
#include "files/absences.hpp"

namespace zinit {

namespace {

constexpr const char* kDropIn = "50-local.toml";
constexpr const char* kCopyVariable = "ZINIT_EDITED_FILE";

/// The file to edit, and where to put the result.
struct Editing {
  std::string name;                 // the service's name
  Places places;                    // the places of service files
  std::string place;                // the path of the result
  std::string real;                 // `place` with all links resolved
  std::string replaced;             // the service's present file, which may be `place`
  SourceFile after;                 // the service's files after the change
  std::string before;               // the text for the editor
  bool is_new = false;              // no file is at `place` yet
  bool makes_folder = false;        // nor is there a directory for it
  std::vector<std::string> lost{};  // the vendor's drop-ins that do not apply to the result
};

/// `path` with its links resolved: editing a link changes the file to which it leads.
std::string behind_links(const Places& places, const std::string& path) {
  if (!places.root.empty()) return on_disk(places, path, true);
  char real[PATH_MAX];
  return ::realpath(path.c_str(), real) != nullptr ? std::string(real) : path;
}

/// A service file with its drop-ins.
SourceFile file_at(const Places& places, const std::string& path, bool system_class) {
  Listing listing;
  listing.root = places.root;
  list_file(path, system_class, listing);
  return std::move(listing.files.front());
}

Editing what_to_edit(VerbContext& context) {
  Editing editing;
  editing.name = context.arguments.rest.front();
  editing.places = places_of(context);
  const std::string advice =
      editing.name.ends_with(kFileSuffix)
          ? "write the name of the service, without " + std::string(kFileSuffix)
          : fmt::format("`zinitctl edit --new {}` makes it", editing.name);
  const SourceFile source =
      find_service_files(context, editing.places, editing.name, nullptr, advice);
  editing.replaced = source.path;
  const bool drop_in = context.arguments.has("drop-in");
  if (drop_in) {
    editing.place = own_drop_in(source, kDropIn);
    editing.after = with_drop_in(source, editing.place);
  } else {
    editing.place = own_place_of(source.path);
    editing.after = file_at(editing.places, editing.place, source.system_class);
    // The vendor's drop-ins apply only to the vendor's file, not to a copy in /etc/zinit.
    editing.lost = source.drop_ins;
    std::erase_if(editing.lost, [&](const std::string& path) {
      return std::ranges::count(editing.after.drop_ins, path) > 0;
    });
  }
  editing.real = behind_links(editing.places, editing.place);
  editing.is_new = ::access(editing.real.c_str(), F_OK) < 0;
  editing.makes_folder = !path_exists(folder_of(editing.real));
  if (editing.is_new && drop_in) {
    editing.before =
        fmt::format("# Laid over {}: a key here replaces the same key there.\n", source.path);
    return editing;
  }
  auto text = read_below(editing.places.root)(drop_in ? editing.place : source.path);
  if (!text) throw VerbFailure{ExitStatus::failed, text.error().text, editing.name};
  editing.before = *std::move(text);
  return editing;
}

/// The directory for the file of a new service.
std::string directory_for_new(const Places& places) {
  if (!places.added.empty()) return places.added;
  for (const ConfigDirectory& each : places.directories)
    if (!each.system_class && last_part(each.path) != "targets") return each.path;
  throw VerbFailure{ExitStatus::failed, "no directory of services is read"};
}

/// The same for a service that does not exist yet.
Editing what_to_make(VerbContext& context) {
  if (context.arguments.has("drop-in"))
    throw VerbFailure{ExitStatus::usage, "--new and --drop-in exclude each other"};
  Editing editing;
  editing.name = context.arguments.rest.front();
  if (const auto fault = name_fault(editing.name))
    throw VerbFailure{ExitStatus::usage, *fault, editing.name};
  if (editing.name.ends_with(kFileSuffix))
    throw VerbFailure{ExitStatus::usage,
                      "write the name of the service, without " + std::string(kFileSuffix),
                      editing.name};
  editing.places = places_of(context);
  editing.place =
      fmt::format("{}/{}{}", directory_for_new(editing.places), editing.name, kFileSuffix);
  editing.real = behind_links(editing.places, editing.place);
  if (!masks_of(editing.places, editing.name).own.empty())
    throw VerbFailure{ExitStatus::failed,
                      fmt::format("{} masks it; `zinitctl unmask {}` removes the mask",
                                  editing.place, editing.name),
                      editing.name};
  if (contains(names_in(editing.places), editing.name))
    throw VerbFailure{ExitStatus::failed, "there is a service of that name; leave out --new",
                      editing.name};
  if (::access(editing.real.c_str(), F_OK) == 0)
    throw VerbFailure{ExitStatus::failed,
                      editing.place + " is there already, and is no file of this service",
                      editing.name};
  editing.after = file_at(editing.places, editing.place, false);
  editing.replaced = editing.place;
  editing.is_new = true;
  editing.makes_folder = !path_exists(folder_of(editing.real));
  editing.before = fmt::format(
      "# {}: see zinit.toml(5), or `zinitctl explain KEY`.\n[service]\ndescription = \"\"\n"
      "exec = [\"\"]\n",
      editing.name);
  return editing;
}

/// A temporary file with a copy of the text. The destructor removes it, unless keep() was called.
class Copy {
 public:
  explicit Copy(const std::string& text) {
    const char* folder = std::getenv("TMPDIR");
    path_ = fmt::format("{}/zinit-edit-XXXXXX.toml",
                        folder != nullptr && *folder == '/' ? folder : "/tmp");
    const UniqueFd fd(::mkstemps(path_.data(), sizeof ".toml" - 1));
    Result<void> written = fd ? write_all(fd.get(), text, path_) : sys_failure("make", path_);
    if (written) return;
    if (fd) ::unlink(path_.c_str());
    throw VerbFailure{ExitStatus::failed, written.error().text};
  }
  ~Copy() {
    if (!kept_) ::unlink(path_.c_str());
  }
  Copy& operator=(Copy&&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  void keep() { kept_ = true; }

 private:
  std::string path_;
  bool kept_ = false;
};

/// The user's editor as a shell command, which may have arguments: VISUAL, or else EDITOR, as for
/// git(1) and crontab(1).
std::string editor() {
  for (const char* variable : {"VISUAL", "EDITOR"}) {
    const char* value = std::getenv(variable);
    if (value != nullptr && *value != '\0') return value;
  }
  return "vi";
}

/// Runs the editor. Returns an error text; empty if there is none. system(3) ignores SIGINT
/// meanwhile, so Ctrl-C goes to the editor alone.
std::string run_editor(const Copy& copy) {
  ::setenv(kCopyVariable, copy.path().c_str(), 1);
  const std::string program = editor();
  const int status = std::system(fmt::format("{} \"${}\"", program, kCopyVariable).c_str());
  if (status == 0) return {};
  return WIFEXITED(status) && WEXITSTATUS(status) == 127
             ? fmt::format("the editor {} cannot be run; VISUAL or EDITOR names another", program)
             : fmt::format("the editor {} failed", program);
}

/// Asks whether to edit again. Without a terminal the answer is no.
bool edit_again() { return ::isatty(STDIN_FILENO) == 1 && says_yes("edit again?"); }

/// Checks the service with `text` in place, and prints all faults. Returns the first error; empty
/// if there is none.
std::string check(VerbContext& context, const Editing& editing, const std::string& text) {
  const ReadText others = read_below(editing.places.root);
  const ReadText read = [&](const std::string& path) -> Result<std::string> {
    if (path == editing.place) return text;
    return others(path);
  };
  // An image may get its programs and users later; `check --root` looks for them.
  const FindAbsences absences = editing.places.root.empty()
                                    ? absences_in({}, controllers_of(context, editing.places))
                                    : FindAbsences();
  const CheckResult result =
      check_change(editing.places, editing.after, editing.replaced, read, absences);
  std::string first;
  for (const Diagnostic& diagnostic : result.diagnostics) {
    const std::string line = to_text(diagnostic);
    if (!context.json()) context.print(line + "\n");
    if (first.empty() && diagnostic.severity == Severity::error) first = line;
  }
  context.flush();
  return first;
}

int print_outcome(VerbContext& context, const Editing& editing, bool changed,
                  const std::string& words) {
  JsonParams json = named(editing.name).add("changed", changed).add("file", editing.place);
  return context.print_result(json.text(), printable(words) + "\n");
}

Result<Remark> put_in_place(const Editing& editing, const std::string& text) {
  const std::string& place = editing.real;
  struct stat status {};
  const bool there = ::stat(place.c_str(), &status) == 0;
  if (there == editing.is_new) return failure(place + " has come or gone meanwhile");
  if (there) {
    const auto now = read_from_disk(place);
    if (!now) return Failure(now.error());
    if (*now != editing.before) return failure(place + " has changed meanwhile");
  }
  return in_its_directory(
      place, [&] { return replace_file(place, text, there ? owner_of(status) : FileOwner{}); });
}

/// An error if put_in_place() would not be allowed to change the directory, or to make it.
Result<Remark> may_put_in_place(const Editing& editing) {
  std::string folder = editing.real;
  do folder.erase(std::max<std::size_t>(folder.rfind('/'), 1));
  while (::access(folder.c_str(), F_OK) < 0 && errno == ENOENT);
  if (::access(folder.c_str(), W_OK | X_OK) < 0) return sys_failure("write", editing.place);
  return Remark();
}

void tell_lost(VerbContext& context, const Editing& editing) {
  for (const std::string& path : editing.lost) {
    context.warn(editing.name, fmt::format("{} applies to the vendor's file only, not to your own "
                                           "{}; move the parts that you want to keep into {}.d",
                                           path, editing.place, editing.place));
  }
}

/// Ends without a change. Keeps the copy if the user has written something.
int give_up(VerbContext& context, const Editing& editing, Copy& copy, const std::string& why) {
  std::string kept;
  const auto text = read_from_disk(copy.path());
  if (text ? *text != editing.before : text.error().errnum != ENOENT) {
    copy.keep();
    kept = "; what you wrote is in " + copy.path();
  }
  return context.fail(ExitStatus::failed, editing.name, why + "; nothing was changed" + kept);
}

/// Undoes put_in_place().
void take_back(const Editing& editing) {
  struct stat status {};
  const Result<Remark> done = editing.is_new ? remove_file(editing.real)
                              : ::stat(editing.real.c_str(), &status) < 0
                                  ? sys_failure("find", editing.real)
                                  : replace_file(editing.real, editing.before, owner_of(status));
  if (!done) throw VerbFailure{ExitStatus::failed, done.error().text, editing.name};
  // Somebody may have put another file there meanwhile: then the directory stays.
  if (editing.makes_folder) ::rmdir(folder_of(editing.real).c_str());
}

/// Asks before the reload. If the answer is no, or if the user interrupts this, takes the change
/// back and returns the exit status. The signal then ends the program.
std::optional<int> refuses_reload(VerbContext& context, const Editing& editing, Copy& copy,
                                  const std::vector<std::string>& only) {
  const HeldSignals held;
  try {
    ask_before_reload(context, only);
    if (!held.came()) return std::nullopt;
  } catch (const VerbFailure&) {
    // Said no.
  } catch (const ClientError&) {
    if (!held.came()) throw;
  }
  take_back(editing);
  return give_up(context, editing, copy, "not reloaded");
}

int reload_if_served(VerbContext& context, const Editing& editing, Copy& copy) {
  const std::string in_place = editing.place + " is in place";
  if (context.arguments.has("root")) return print_outcome(context, editing, true, in_place);
  // An editor may be open for hours. The server may have closed the connection or been restarted.
  context.reconnect();
  try {
    std::vector<std::string> only{editing.name};
    if (const std::string now = read_spec(editing.after).spec->name; now != editing.name)
      only.push_back(now);
    if (const auto refused = refuses_reload(context, editing, copy, only)) return *refused;
    return context.fail(reload_files(context, only, true), editing.name,
                        in_place + " nevertheless");
  } catch (const ClientError& error) {
    if (error.code() == ErrorCode::no_server)
      return print_outcome(context, editing, true,
                           in_place + "; no server runs that would read it now");
    return context.fail(context.fail(error, editing.name), editing.name,
                        in_place + ", but is not reloaded");
  }
}

}  // namespace

int run_edit(VerbContext& context) {
  const Editing editing =
      context.arguments.has("new") ? what_to_make(context) : what_to_edit(context);
  if (const auto may = may_put_in_place(editing); !may)
    return tell_change(context, editing.name, may);
  Copy copy(editing.before);
  std::string fault;
  do {
    if (const std::string wrong = run_editor(copy); !wrong.empty())
      return give_up(context, editing, copy, wrong);
    const auto text = read_from_disk(copy.path());
    if (!text) return give_up(context, editing, copy, text.error().text);
    if (*text == editing.before)
      return print_outcome(context, editing, false, "nothing was changed");
    fault = check(context, editing, *text);
    if (!fault.empty()) continue;
    const int status = tell_change(context, editing.name, put_in_place(editing, *text));
    if (status != ExitStatus::done) {
      copy.keep();
      return context.fail(status, editing.name, "what you wrote is in " + copy.path());
    }
    tell_lost(context, editing);
    return reload_if_served(context, editing, copy);
  } while (edit_again());
  return give_up(context, editing, copy, "refused" + (context.json() ? ": " + fault : ""));
}

}  // namespace zinit
