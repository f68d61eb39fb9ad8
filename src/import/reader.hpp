// What the readers of all kinds share: bounded reading of text, and the readers' names.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "import/import.hpp"

namespace zinit {

/// The text of a file, or nothing and a fault: it has more than 1 MiB, is no text, or cannot be
/// read. Line ends are LF.
[[nodiscard]] std::optional<std::string> read_source(const std::string& path, Imported& to);

/// The same for a file that may be missing, without a fault then.
[[nodiscard]] std::optional<std::string> read_if_there(const std::string& path, Imported& to);

/// The names in a directory, but for those that begin with a dot, in byte order; at most 10,000.
[[nodiscard]] std::vector<std::string> names_in_directory(const std::string& path);

[[nodiscard]] bool is_directory_path(const std::string& path) noexcept;

/// The first line of a text, trimmed.
[[nodiscard]] std::string_view first_line(std::string_view text);

/// `path` without its last part; "." if it has one part.
[[nodiscard]] std::string folder_of(const std::string& path);

/// What a line of a file of sections says. `line` counts from 1; `key` is empty for a header.
using EachLine = std::function<void(const Setting& setting)>;

// Readers. Each adds drafts and faults to `to`.
void import_units(const std::vector<std::string>& paths, Imported& to);  // systemd
void import_supervisord(const std::string& path, Imported& to);
void import_run_directory(const std::string& path, Imported& to);  // runit, s6, s6-rc
void import_openrc(const std::string& path, Imported& to);
void import_finit(const std::string& path, Imported& to);
void import_dinit(const std::string& path, Imported& to);
void import_inittab(const std::string& path, Imported& to);
void import_zinit_yaml(const std::string& path, Imported& to);
void import_procfile(const std::string& path, Imported& to);
void import_compose(const std::string& path, Imported& to);

}  // namespace zinit
