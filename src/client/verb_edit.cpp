// zinitctl edit: an editor on a copy of a service's file, or of a drop-in for it. The copy is
// checked as if it were in place already, put there as a whole, and then the server is asked to
// reload.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>

#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/format.hpp"
#include "base/rooted.hpp"
#include "base/text.hpp"
#include "client/libzinit/json.hpp"
#include "client/service_files.hpp"
#include "config/check.hpp"

namespace zinit {

namespace {

constexpr const char* kDropIn = "50-local.toml";
constexpr const char* kCopyVariable = "ZINIT_EDITED_FILE";

/// What is edited, and what becomes of it.
struct Editing {
  std::string name;
  Places places;         // of all service files
  std::string place;     // of the result
  std::string real;      // the same behind all links
  std::string replaced;  // file of the service that is no longer read then; may be `place`
  SourceFile after;      // the service's files once the result is in place
  std::string before;    // the text that is edited
  bool is_new = false;   // there is nothing at `place` yet
  std::vector<std::string> lost{};  // the vendor's drop-ins that are not laid over the result
};

/// The file itself where `path` is a link to one: a link is not to become a file by being edited.
std::string behind_links(const Places& places, const std::string& path) {
  if (!places.root.empty()) return real_below(places.root, path);
  char real[PATH_MAX];
  return ::realpath(path.c_str(), real) != nullptr ? std::string(real) : path;
}

/// A vendor's drop-ins lie over the vendor's file, and a copy of that is one's own.
std::vector<std::string> lost_drop_ins(const SourceFile& source, const SourceFile& after) {
  std::vector<std::string> lost;
  for (const std::string& path : source.drop_ins) {
    if (std::ranges::find(after.drop_ins, path) == after.drop_ins.end()) lost.push_back(path);
  }
  return lost;
}

Editing what_to_edit(VerbContext& context) {
  Editing editing;
  editing.name = context.arguments.rest.front();
  editing.places = places_of(context);
  const SourceFile source = find_service_files(context, editing.places, editing.name);
  editing.replaced = source.path;
  std::string shown = source.path;  // whose text is edited
  if (context.arguments.has("drop-in")) {
    editing.place = shown = own_drop_in(source, kDropIn);
    editing.after = with_drop_in(source, editing.place);
  } else {
    editing.place = own_place_of(source.path);
    Listing listing;
    listing.root = editing.places.root;
    list_file(editing.place, source.system_class, listing);
    editing.after = listing.files.front();
    editing.lost = lost_drop_ins(source, editing.after);
  }
  editing.real = behind_links(editing.places, editing.place);
  editing.is_new = ::access(editing.real.c_str(), F_OK) < 0;
  if (editing.is_new && shown == editing.place && context.arguments.has("drop-in")) {
    editing.before =
        fmt::format("# Laid over {}: a key here replaces the same key there.\n", source.path);
    return editing;
  }
  auto text = read_below(editing.places.root)(shown);
  if (!text) {
    throw VerbFailure{ExitStatus::failed, fmt::format("edit {}", printable(editing.name)),
                      printable(text.error().text)};
  }
  editing.before = *std::move(text);
  return editing;
}

/// A copy in a file of its own, removed in the end unless it is kept.
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
    throw VerbFailure{ExitStatus::failed, "edit", written.error().text};
  }
  ~Copy() {
    if (!kept_) ::unlink(path_.c_str());
  }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  void keep() { kept_ = true; }

 private:
  std::string path_;
  bool kept_ = false;
};

/// EDITOR may have arguments, as git(1) and others take it.
std::string editor() {
  for (const char* variable : {"EDITOR", "VISUAL"}) {
    const char* value = std::getenv(variable);
    if (value != nullptr && *value != '\0') return value;
  }
  return "vi";
}

/// What went wrong with the editor; empty: nothing. system(3) keeps Ctrl-C for it.
std::string run_editor(const Copy& copy) {
  ::setenv(kCopyVariable, copy.path().c_str(), 1);
  const std::string program = editor();
  const int status = std::system(fmt::format("{} \"${}\"", program, kCopyVariable).c_str());
  if (status == 0) return {};
  return printable(WIFEXITED(status) && WEXITSTATUS(status) == 127
                       ? fmt::format("the editor {} cannot be run; EDITOR names another", program)
                       : fmt::format("the editor {} did not end with success", program));
}

/// Whether to edit once more; only somebody at a terminal is asked.
bool edit_again() {
  if (::isatty(STDIN_FILENO) == 0) return false;
  std::fputs("edit again? [Y/n] ", stdout);
  std::fflush(stdout);
  char answer[16];
  return std::fgets(answer, sizeof answer, stdin) != nullptr && answer[0] != 'n' &&
         answer[0] != 'N';
}

/// All faults of the service as it would be, printed; the first that is an error, or empty.
std::string check(VerbContext& context, const Editing& editing, const std::string& text) {
  const ReadText others = read_below(editing.places.root);
  const ReadText read = [&](const std::string& path) -> Result<std::string> {
    if (path == editing.place) return text;
    return others(path);
  };
  const CheckResult result = check_change(editing.places, editing.after, editing.replaced, read);
  std::string first;
  for (const Diagnostic& diagnostic : result.diagnostics) {
    const std::string line = to_text(diagnostic);
    if (!context.json()) context.print(line + "\n");
    if (first.empty() && diagnostic.severity == Severity::error) first = line;
  }
  context.flush();
  return first;
}

void print_result(VerbContext& context, const Editing& editing, bool changed,
                  const std::string& words) {
  if (!context.json()) return context.print(words + "\n");
  JsonParams done;
  done.add("name", editing.name).add("changed", changed).add("file", editing.place);
  context.print_json(done.text());
}

Result<Remark> put_in_place(const Editing& editing, const std::string& text) {
  const std::string& place = editing.real;
  struct stat status {};
  const bool there = ::stat(place.c_str(), &status) == 0;
  if (there != !editing.is_new) return failure(place + " has come or gone meanwhile");
  if (!editing.is_new) {
    const auto now = read_from_disk(place);
    if (!now) return Failure(now.error());
    if (*now != editing.before) return failure(place + " has changed meanwhile");
  }
  if (auto made = make_directories(place.substr(0, place.rfind('/')), 0755); !made)
    return Failure(made.error());
  return replace_file(place, text, there ? owner_of(status) : FileOwner{});
}

void tell_lost(VerbContext& context, const Editing& editing) {
  for (const std::string& path : editing.lost) {
    context.warn(fmt::format("edit {}", printable(editing.name)),
                 printable(fmt::format("{} lies over the vendor's file alone, and has no effect on "
                                       "{}, which is yours; {}.d is for what of it is to stay",
                                       path, editing.place, editing.place)));
  }
}

int reload_if_served(VerbContext& context, const Editing& editing) {
  if (context.arguments.has("root")) {
    print_result(context, editing, true, printable(editing.place) + " is in place");
    return ExitStatus::done;
  }
  // An editor may be open for hours, in which the server has closed the connection, or is another.
  context.reconnect();
  const std::string what = fmt::format("edit {}", printable(editing.name));
  const std::string in_place = printable(editing.place) + " is in place";
  try {
    const int status = reload_files(context);
    if (status == ExitStatus::done) return status;
    return context.fail(status, what, in_place + " all the same");
  } catch (const ClientError& error) {
    if (error.code() == ErrorCode::no_server) {
      print_result(context, editing, true, in_place + "; no server runs that would read it now");
      return ExitStatus::done;
    }
    (void)context.fail(error, editing.name);
    return context.fail(exit_status_of(error), what, in_place + ", but is not reloaded");
  }
}

/// Without success; what was written is kept where it is another text than before.
int give_up(VerbContext& context, const Editing& editing, Copy& copy, const std::string& why) {
  std::string kept;
  const auto text = read_from_disk(copy.path());
  if (text ? *text != editing.before : text.error().errnum != ENOENT) {
    copy.keep();
    kept = "; what you wrote is in " + printable(copy.path());
  }
  return context.fail(ExitStatus::failed, fmt::format("edit {}", printable(editing.name)),
                      why + "; nothing is changed" + kept);
}

}  // namespace

int run_edit(VerbContext& context) {
  const Editing editing = what_to_edit(context);
  const std::string what = fmt::format("edit {}", printable(editing.name));
  Copy copy(editing.before);
  std::string fault;
  do {
    if (const std::string wrong = run_editor(copy); !wrong.empty())
      return give_up(context, editing, copy, wrong);
    const auto text = read_from_disk(copy.path());
    if (!text) return give_up(context, editing, copy, printable(text.error().text));
    if (*text == editing.before) {
      print_result(context, editing, false, "nothing is changed");
      return ExitStatus::done;
    }
    fault = check(context, editing, *text);
    if (!fault.empty()) continue;
    const auto put = put_in_place(editing, *text);
    if (!put) {
      copy.keep();
      const int status = tell_file_failure(context, editing.name, put.error());
      return context.fail(status, what, "what you wrote is in " + printable(copy.path()));
    }
    tell_remark(context, editing.name, *put);
    tell_lost(context, editing);
    return reload_if_served(context, editing);
  } while (edit_again());
  return give_up(context, editing, copy, "refused" + (context.json() ? ": " + fault : ""));
}

}  // namespace zinit
