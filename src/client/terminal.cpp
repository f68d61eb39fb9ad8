// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Width and colours of standard output: see terminal.hpp.
#include "client/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

#include "base/format.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

std::string_view code_of(Colour colour) {
  switch (colour) {
    case Colour::none: return "";
    case Colour::red: return "31";
    case Colour::green: return "32";
    case Colour::yellow: return "33";
    case Colour::cyan: return "36";
    case Colour::dim: return "2";
    case Colour::bold: return "1";
  }
  return "";
}

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

/// Whether the environment names a locale that does not use UTF-8.
bool other_than_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (!is_set(name)) continue;
    const std::string locale = upper(std::getenv(name));
    return locale.find("UTF-8") == std::string::npos && locale.find("UTF8") == std::string::npos;
  }
  return false;
}

/// The number of bytes in the first `cells` characters of `text`.
std::size_t prefix_bytes(std::string_view text, std::size_t cells) {
  std::size_t at = 0;
  while (at < text.size() && cells > 0) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
    --cells;
  }
  return at;
}

}  // namespace

std::string Terminal::paint(Colour colour, std::string_view text) const {
  if (!colours || colour == Colour::none) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", code_of(colour), text);
}

std::string Terminal::fit(std::string_view text, std::size_t cells) const {
  if (!is_terminal || display_width(text) <= cells) return std::string(text);
  if (cells == 0) return {};
  return std::string(text.substr(0, prefix_bytes(text, cells - 1))) + (utf8 ? "…" : "~");
}

bool is_dumb() {
  const char* type = std::getenv("TERM");
  return type == nullptr || *type == '\0' || std::string_view(type) == "dumb";
}

Terminal standard_terminal() {
  Terminal terminal;
  terminal.is_terminal = ::isatty(STDOUT_FILENO) == 1;
  terminal.colours = terminal.is_terminal && !is_set("NO_COLOR") && !is_dumb();
  terminal.utf8 = !other_than_utf8();
  winsize size{};
  // A table cannot fit less than 20 columns.
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
    terminal.width = size.ws_col;
  return terminal;
}

}  // namespace zinit
