// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Lists service files: directories, vendors' directories behind them, masks and drop-ins.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>

#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/format.hpp"
#include "base/low_numbers.hpp"
#include "base/rooted.hpp"
#include "base/text.hpp"
#include "base/trusted_path.hpp"
#include "config/directory.hpp"
#include "config/modes.hpp"
#include "config/templates.hpp"

namespace zinit {

namespace {

constexpr std::string_view kDropIns = ".toml.d";

/// The file to which the command's drop-ins would belong.
std::string command_file() { return fmt::format("{}.toml", kCommandName); }

/// A finding about a whole file or directory.
Diagnostic about(const std::string& path, Severity severity, std::string text) {
  return {path, {}, severity, {}, std::move(text)};
}

void tell(Listing& listing, const std::string& path, Severity severity, std::string text) {
  listing.findings.push_back(about(path, severity, std::move(text)));
}

std::string unreadable(int errnum) {
  return fmt::format("cannot read the directory: {}", errno_text(errnum));
}

/// The entries of a directory, grouped by suffix. Sets are in byte order.
struct Entries {
  std::set<std::string> files;     // *.toml
  std::set<std::string> drop_ins;  // *.toml.d
  std::set<std::string> passed_over;
  bool there = true;
  Directory open{};
  std::optional<Diagnostic> warning{};  // about the directory itself
};

void tell_unreadable(Listing& listing, const std::string& path, int errnum) {
  const std::string text = unreadable(errnum);
  tell(listing, path, Severity::error, text);
  if (!listing.incomplete) listing.incomplete = Error{fmt::format("{}: {}", path, text), errnum};
}

/// A user who can write a service file decides what root runs.
std::optional<Diagnostic> warning_of(const std::string& path, const struct stat& status) {
  if (::geteuid() != 0 || !others_can_write(status)) return std::nullopt;
  return about(path, Severity::warning,
               who_can_write(status) + ": a user who can write to it decides what root runs");
}

/// Whether the file is a copy left by an editor or a package manager, or a text for readers.
bool is_no_mistake(std::string_view name) {
  return name.ends_with('~') || name.starts_with('#') || name.starts_with("README") ||
         std::ranges::any_of(
             std::initializer_list<std::string_view>{".bak", ".old", ".orig", ".save", ".swp",
                                                     ".tmp", ".dpkg-", ".rpmnew", ".rpmsave",
                                                     ".ucf-", ".pacnew", ".pacsave"},
             [&](std::string_view part) { return name.find(part) != std::string_view::npos; });
}

/// Reads the directory into `entries`. Returns an errno if it cannot be read completely.
int read_entries(const std::string& path, const Listing& listing, Entries& entries) {
  const auto real = real_below(listing.root, path);
  if (!real) return real.error().errnum;
  entries.open = Directory(listing.open.open(*real, O_DIRECTORY));
  struct stat status {};
  if (!entries.open || ::fstat(entries.open.fd(), &status) < 0) return errno;
  entries.warning = warning_of(path, status);
  while (const dirent* const entry = entries.open.next()) {
    const std::string_view name = entry->d_name;
    if (name.starts_with('.')) continue;
    if (name.ends_with(kFileSuffix)) entries.files.emplace(name);
    if (name.ends_with(kDropIns)) entries.drop_ins.emplace(name);
    const bool file = entry->d_type == DT_REG || entry->d_type == DT_LNK;
    if (file && !name.ends_with(kFileSuffix) && !is_no_mistake(name))
      entries.passed_over.emplace(name);
  }
  return errno;
}

/// The entries of a directory. Reports a directory that cannot be read; reports a missing one only
/// if `named`.
Entries entries_of(const std::string& path, bool named, Listing& listing) {
  Entries entries;
  const int errnum = read_entries(path, listing, entries);
  if (errnum == ENOENT) {
    entries.there = false;
    if (named) tell(listing, path, Severity::warning, "there is no such directory");
  } else if (errnum != 0) {
    tell_unreadable(listing, path, errnum);
  }
  if (entries.warning) listing.findings.push_back(*entries.warning);
  if (entries.open && listing.root.empty()) listing.open.add(path, std::move(entries.open));
  return entries;
}

/// The entries of a folder of drop-ins. If it cannot be read, only its service gets an error:
/// without the drop-ins its configuration is unknown, so it is neither started nor changed. If file
/// descriptors or memory ran out, no folder can be read, so the whole listing is incomplete.
Entries drop_ins_of_folder(const std::string& folder, Listing& listing,
                           std::vector<Diagnostic>& found) {
  Entries entries;
  const int errnum = read_entries(folder, listing, entries);
  if (errnum == ENOENT) return entries;
  if (errnum == ENOTDIR) {
    found.push_back(about(folder, Severity::warning, "is not a directory of drop-ins, ignored"));
  } else if (Error{{}, errnum}.temporary()) {
    tell_unreadable(listing, folder, errnum);
  } else if (errnum != 0) {
    found.push_back(about(folder, Severity::error, unreadable(errnum)));
  }
  if (entries.warning) found.push_back(*entries.warning);
  return entries;
}

enum class Found { file, mask, other };

/// stat(2) of a path below the listing's root.
bool stat_below(const Listing& listing, const std::string& path, struct stat& status) {
  const auto real = real_below(listing.root, path);
  if (!real) return false;
  const auto [directory, name] = listing.open.find(*real);
  return ::fstatat(directory, name, &status, 0) == 0;
}

/// The text of a link below the listing's root; nothing if it is no link.
std::optional<std::string> target_below(const Listing& listing, const std::string& path) {
  const auto real = real_below(listing.root, path, false);
  if (!real) return std::nullopt;
  const auto [directory, name] = listing.open.find(*real);
  char target[PATH_MAX];
  const ssize_t length = ::readlinkat(directory, name, target, sizeof target);
  if (length < 0) return std::nullopt;
  return std::string(target, static_cast<std::size_t>(length));
}

/// Checks the text of the link, because an image may lack the device, and the link's target.
bool leads_to_null(const std::optional<std::string>& target, const struct stat& behind) {
  const dev_t null = makedev(1, 3);  // null(4)
  return target && (*target == "/dev/null" || (S_ISCHR(behind.st_mode) && behind.st_rdev == null));
}

/// A dangling link counts as a file: reading it fails, and that is reported then.
Found look_at(const std::string& path, const Listing& listing) {
  struct stat behind {};
  const bool leads_somewhere = stat_below(listing, path, behind);
  if (leads_somewhere && S_ISREG(behind.st_mode)) return Found::file;
  if (leads_to_null(target_below(listing, path), behind)) return Found::mask;
  return leads_somewhere ? Found::other : Found::file;
}

/// Adds the drop-ins in `directories` to `file`, in byte order of their names. A drop-in in a later
/// directory replaces one of the same name in an earlier directory, and a mask hides it.
void find_drop_ins(SourceFile& file, const std::vector<std::string>& directories,
                   Listing& listing) {
  std::map<std::string, std::string> by_name;
  for (const std::string& directory : directories) {
    for (const std::string& name : drop_ins_of_folder(directory, listing, file.found).files) {
      std::string path = joined_path(directory, name);
      switch (look_at(path, listing)) {
        case Found::file: by_name[name] = std::move(path); break;
        case Found::mask: by_name.erase(name); break;
        case Found::other: tell(listing, path, Severity::warning, "is not a regular file, ignored");
      }
    }
  }
  for (auto& [name, path] : by_name) file.drop_ins.push_back(std::move(path));
}

void find_writable(SourceFile& file, const Listing& listing) {
  const auto look = [&](const std::string& path) {
    struct stat status {};
    if (!stat_below(listing, path, status)) return;
    if (auto warning = warning_of(path, status)) file.found.push_back(*std::move(warning));
  };
  look(file.path);
  for (const std::string& path : file.drop_ins) look(path);
}

/// If the file is a link to its name's template, notes the instance.
void find_template(SourceFile& file, const Listing& listing) {
  const std::string_view stem = stem_of(file.path);
  const std::string_view of = template_of(stem);
  if (of.empty() || name_fault(std::string(stem))) return;
  if (const auto target = target_below(listing, file.path); !target || stem_of(*target) != of)
    return;
  file.instance = stem;
  file.link = file.path;
}

/// The folders that may contain the drop-ins of one file.
std::vector<std::string> drop_in_folders(const std::string& path, bool vendors) {
  std::vector<std::string> folders{path + ".d"};
  if (vendors) folders.push_back(own_place_of(path) + ".d");
  return folders;
}

/// Lists one directory, and the vendor's directory behind it.
class DirectoryLister {
 public:
  DirectoryLister(const ConfigDirectory& directory, Listing& listing)
      : directory_(directory),
        listing_(listing),
        own_(entries_of(directory.path, directory.named, listing)),
        vendors_(directory.vendor.empty() ? Entries()
                                          : entries_of(directory.vendor, false, listing)) {}

  void list() {
    if (!own_.there) listing_.missing.push_back(directory_.path);
    std::set<std::string> names = own_.files;
    names.insert(vendors_.files.begin(), vendors_.files.end());
    for (const std::string& name : names) add(name);
    if (listing_.command) find_for_command(*listing_.command);
    for (const Entries* entries : {&own_, &vendors_}) {
      const std::string& path = entries == &own_ ? directory_.path : directory_.vendor;
      for (const std::string& name : entries->passed_over)
        listing_.passed_over.push_back(joined_path(path, name));
      for (const std::string& folder : entries->drop_ins) {
        const std::string file = folder.substr(0, folder.size() - 2);
        const std::string_view of = template_of(stem_of(file));
        if (file == command_file()) continue;  // for the command that a container may be given
        if (names.contains(file) || (!of.empty() && names.contains(beside({}, of)))) continue;
        tell(listing_, joined_path(path, folder), Severity::warning,
             fmt::format("there is no {} that its drop-ins could apply to", file));
      }
    }
  }

 private:
  void find_for_command(SourceFile& command) {
    const std::vector<std::string> folders = folders_of(command_file(), true);
    if (folders.empty()) return;
    find_drop_ins(command, folders, listing_);
    find_writable(command, listing_);
  }

  void add(const std::string& name) {
    const std::string own = joined_path(directory_.path, name);
    const bool in_own = own_.files.contains(name);
    const Found found = in_own ? look_at(own, listing_) : Found::other;
    const std::string vendors = joined_path(directory_.vendor, name);
    if (found == Found::mask) {
      listing_.masked.push_back({own, vendors_.files.contains(name) ? vendors : std::string()});
    } else if (found == Found::file) {
      add_file(own, folders_of(name, false), false);
    } else {
      if (in_own) tell(listing_, own, Severity::warning, "is not a regular file, ignored");
      if (vendors_.files.contains(name)) add_vendors(name, vendors);
    }
  }

  void add_vendors(const std::string& name, const std::string& path) {
    switch (look_at(path, listing_)) {
      case Found::file: return add_file(path, folders_of(name, true), true);
      case Found::mask: return listing_.masked.push_back({path, {}});
      case Found::other: tell(listing_, path, Severity::warning, "is not a regular file, ignored");
    }
  }

  std::vector<std::string> folders_of(const std::string& name, bool of_vendor) {
    const std::string folder = name + ".d";
    std::vector<std::string> folders;
    if (of_vendor && vendors_.drop_ins.contains(folder)) {
      folders.push_back(joined_path(directory_.vendor, folder));
    }
    if (own_.drop_ins.contains(folder)) folders.push_back(joined_path(directory_.path, folder));
    return folders;
  }

  void add_file(const std::string& path, const std::vector<std::string>& folders, bool vendors) {
    // Below a root the file counts as named: vanished() in loader.cpp would look outside the root.
    SourceFile file{path, directory_.system_class, !listing_.root.empty()};
    file.vendors = vendors;
    find_drop_ins(file, folders, listing_);
    find_writable(file, listing_);
    find_template(file, listing_);
    if (is_template_name(stem_of(path))) find_own(file);
    listing_.files.push_back(std::move(file));
  }

  /// Finds the drop-ins of single instances of a template.
  void find_own(SourceFile& file) {
    std::set<std::string> folders = own_.drop_ins;
    if (file.vendors) folders.insert(vendors_.drop_ins.begin(), vendors_.drop_ins.end());
    for (const std::string& folder : folders) {
      const std::string name = folder.substr(0, folder.size() - kDropIns.size());
      if (template_of(name) != stem_of(file.path)) continue;
      SourceFile own{beside(file.path, name)};
      find_drop_ins(own, folders_of(name + std::string(kFileSuffix), file.vendors), listing_);
      for (const std::string& path : own.drop_ins)
        if (struct stat status{}; stat_below(listing_, path, status))
          if (auto warning = warning_of(path, status)) own.found.push_back(*std::move(warning));
      file.own[name] = {std::move(own.drop_ins), std::move(own.found)};
    }
  }

  const ConfigDirectory& directory_;
  Listing& listing_;
  const Entries own_;
  const Entries vendors_;
};

}  // namespace

void OpenDirectories::add(std::string path, Directory directory) {
  if (!path.ends_with('/')) path += '/';
  all_.emplace_back(std::move(path), std::move(directory));
}

OpenDirectories::Place OpenDirectories::find(const std::string& path) const noexcept {
  for (const auto& [directory, open] : all_)
    if (path.size() > directory.size() && path.starts_with(directory))
      return {open.fd(), path.c_str() + directory.size()};
  return {AT_FDCWD, path.c_str()};
}

UniqueFd OpenDirectories::open(const std::string& path, int flags) const noexcept {
  const auto [directory, name] = find(path);
  return raised(open_at(directory, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | flags));
}

Result<std::string> OpenDirectories::read(const std::string& path) const {
  const UniqueFd file = open(path);
  if (!file) return sys_failure("open", path);
  return read_open_file(file.get(), path.c_str(), kMaxFileBytes);
}

bool is_mask(const std::string& link) { return look_at(link, {}) == Found::mask; }

void list_directory(const ConfigDirectory& directory, Listing& listing) {
  DirectoryLister(directory, listing).list();
}

void list_file(const std::string& path, bool system_class, Listing& listing) {
  SourceFile file{path, system_class, true};
  file.vendors = own_place_of(path) != path;
  find_drop_ins(file, drop_in_folders(path, file.vendors), listing);
  find_writable(file, listing);
  find_template(file, listing);
  listing.files.push_back(std::move(file));
}

void list_instance(const std::string& path, SourceFile file, Listing& listing) {
  SourceFile own{path};
  find_drop_ins(own, drop_in_folders(path, file.vendors), listing);
  file.drop_ins.insert(file.drop_ins.end(), own.drop_ins.begin(), own.drop_ins.end());
  file.found.insert(file.found.end(), own.found.begin(), own.found.end());
  file.instance = stem_of(path);
  file.own.clear();
  listing.files.push_back(std::move(file));
}

std::string changed_file(const ServiceSpec& spec) {
  const ServiceSpec& read = spec.findings->refused ? *spec.findings->refused : spec;
  if (read.file.empty()) return {};
  for (std::uint32_t source = 0; source <= read.drop_ins.size(); ++source) {
    const std::string& path = read.file_of({0, 0, source});
    if (source >= read.identities.size() || identity_of(path) != read.identities[source])
      return path;
  }
  if (const std::string own = own_place_of(read.file); read.vendors && path_exists(own)) return own;
  SourceFile file{read.file};
  Listing listing;
  find_drop_ins(file, drop_in_folders(read.file, read.vendors), listing);
  if (spec.is_instance()) {
    const std::string& link = spec.instance->link;
    list_instance(link.empty() ? beside(read.file, spec.name) : link, std::move(file), listing);
    file = std::move(listing.files.back());
    struct stat status {};
    if (!link.empty() && ::lstat(link.c_str(), &status) < 0) return link;
  }
  const auto [now, before] = std::ranges::mismatch(file.drop_ins, read.drop_ins);
  if (now != file.drop_ins.end()) return *now;
  return before != read.drop_ins.end() ? *before : std::string();
}

}  // namespace zinit
