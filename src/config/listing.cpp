// What files there are: directories, the vendor's behind them, masks and drop-ins.
#include <dirent.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <memory>
#include <set>

#include "base/format.hpp"
#include "config/directory.hpp"
#include "config/modes.hpp"

namespace zinit {

namespace {

constexpr std::string_view kSuffix = ".toml";
constexpr std::string_view kDropIns = ".toml.d";

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using OpenDirectory = std::unique_ptr<DIR, CloseDirectory>;

void tell(Listing& listing, const std::string& path, Severity severity, std::string text) {
  listing.findings.push_back({path, {}, severity, {}, std::move(text)});
}

std::string joined(const std::string& directory, std::string_view name) {
  return fmt::format("{}{}{}", directory, directory.ends_with('/') ? "" : "/", name);
}

/// What a directory has of what its names promise; sets have byte order.
struct Entries {
  std::set<std::string> files;     // *.toml
  std::set<std::string> drop_ins;  // *.toml.d
  bool there = true;
};

void tell_unreadable(Listing& listing, const std::string& path, int errnum) {
  const std::string text = fmt::format("cannot read the directory: {}", errno_text(errnum));
  tell(listing, path, Severity::error, text);
  if (!listing.incomplete) listing.incomplete = Error{fmt::format("{}: {}", path, text), errnum};
}

/// What is in the directory; one that cannot be read, or not to its end, is told, one that is
/// missing only where `named`.
Entries entries_of(const std::string& path, bool named, Listing& listing) {
  Entries entries;
  const OpenDirectory open(::opendir(path.c_str()));
  if (!open) {
    if (errno != ENOENT) {
      tell_unreadable(listing, path, errno);
    } else {
      entries.there = false;
      if (named) tell(listing, path, Severity::warning, "there is no such directory");
    }
    return entries;
  }
  while (true) {
    errno = 0;  // readdir(3): the one way to tell a fault from the end
    const dirent* entry = ::readdir(open.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name.starts_with('.')) continue;
    if (name.ends_with(kSuffix)) entries.files.emplace(name);
    if (name.ends_with(kDropIns)) entries.drop_ins.emplace(name);
  }
  if (errno != 0) tell_unreadable(listing, path, errno);
  return entries;
}

enum class Found { file, mask, other };

/// By the text of the link, so that it counts below --root too, or by what it leads to.
bool leads_to_null(const std::string& path, const struct stat& behind) {
  char target[16];
  const ssize_t length = ::readlink(path.c_str(), target, sizeof target);
  if (length < 0) return false;
  const dev_t null = makedev(1, 3);  // null(4)
  return std::string_view(target, static_cast<std::size_t>(length)) == "/dev/null" ||
         (S_ISCHR(behind.st_mode) && behind.st_rdev == null);
}

/// A link to nothing is a file: that it cannot be read will be told.
Found look_at(const std::string& path) {
  struct stat behind {};
  const bool leads_somewhere = ::stat(path.c_str(), &behind) == 0;
  if (leads_somewhere && S_ISREG(behind.st_mode)) return Found::file;
  if (leads_to_null(path, behind)) return Found::mask;
  return leads_somewhere ? Found::other : Found::file;
}

/// The files of `directories` by name, in byte order; one of a later directory replaces that of the
/// same name in an earlier one, and a mask hides it.
std::vector<std::string> drop_ins_in(const std::vector<std::string>& directories,
                                     Listing& listing) {
  std::map<std::string, std::string> by_name;
  for (const std::string& directory : directories) {
    for (const std::string& name : entries_of(directory, false, listing).files) {
      std::string path = joined(directory, name);
      switch (look_at(path)) {
        case Found::file: by_name[name] = std::move(path); break;
        case Found::mask: by_name.erase(name); break;
        case Found::other: tell(listing, path, Severity::warning, "is no regular file, left out");
      }
    }
  }
  std::vector<std::string> paths;
  for (auto& [name, path] : by_name) paths.push_back(std::move(path));
  return paths;
}

/// One directory with the vendor's behind it.
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
    for (const Entries* entries : {&own_, &vendors_}) {
      const std::string& path = entries == &own_ ? directory_.path : directory_.vendor;
      for (const std::string& folder : entries->drop_ins) {
        const std::string file = folder.substr(0, folder.size() - 2);
        if (names.contains(file)) continue;
        tell(listing_, joined(path, folder), Severity::warning,
             fmt::format("there is no {} that its files could be laid over", file));
      }
    }
  }

 private:
  void add(const std::string& name) {
    const std::string own = joined(directory_.path, name);
    const bool in_own = own_.files.contains(name);
    const Found found = in_own ? look_at(own) : Found::other;
    const std::string vendors = joined(directory_.vendor, name);
    if (found == Found::mask) {
      listing_.masked.push_back({own, vendors_.files.contains(name) ? vendors : std::string()});
    } else if (found == Found::file) {
      add_file(own, drop_ins_of(name, false));
    } else {
      if (in_own) tell(listing_, own, Severity::warning, "is no regular file, left out");
      if (vendors_.files.contains(name)) add_vendors(name, vendors);
    }
  }

  void add_vendors(const std::string& name, const std::string& path) {
    switch (look_at(path)) {
      case Found::file: return add_file(path, drop_ins_of(name, true));
      case Found::mask: return listing_.masked.push_back({path, {}});
      case Found::other: tell(listing_, path, Severity::warning, "is no regular file, left out");
    }
  }

  std::vector<std::string> drop_ins_of(const std::string& name, bool of_vendor) {
    const std::string folder = name + ".d";
    std::vector<std::string> folders;
    if (of_vendor && vendors_.drop_ins.contains(folder)) {
      folders.push_back(joined(directory_.vendor, folder));
    }
    if (own_.drop_ins.contains(folder)) folders.push_back(joined(directory_.path, folder));
    return drop_ins_in(folders, listing_);
  }

  void add_file(const std::string& path, std::vector<std::string> drop_ins) {
    listing_.files.push_back({path, directory_.system_class, false, std::move(drop_ins)});
  }

  const ConfigDirectory& directory_;
  Listing& listing_;
  const Entries own_;
  const Entries vendors_;
};

}  // namespace

void list_directory(const ConfigDirectory& directory, Listing& listing) {
  DirectoryLister(directory, listing).list();
}

void list_file(const std::string& path, bool system_class, Listing& listing) {
  std::vector<std::string> folders{path + ".d"};
  const std::string own = own_place_of(path);
  if (own != path) folders.push_back(own + ".d");
  listing.files.push_back({path, system_class, true, drop_ins_in(folders, listing)});
}

}  // namespace zinit
