// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Writes cpio's "newc" format: a header of 13 hexadecimal numbers, the name and the content, each
// padded to a multiple of 4 bytes.
#include "vm/harness/archive.hpp"

#include "base/format.hpp"
#include "support/system.hpp"

namespace zinit::vm {

using namespace test;

namespace {

void fill_up(std::string& out) { out.resize((out.size() + 3) / 4 * 4); }

void append(std::string& out, const std::string& name, const std::string& content, unsigned mode) {
  static unsigned inode = 0;  // two equal numbers would make a hard link
  const unsigned links = 1;
  out += fmt::format(
      "070701{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}"
      "{:08X}",
      ++inode, mode, 0, 0, links, 0, content.size(), 0, 0, 0, 0, name.size() + 1, 0);
  out += name;
  out += '\0';
  fill_up(out);
  out += content;
  fill_up(out);
}

}  // namespace

std::string archive(const std::vector<File>& files) {
  std::string out;
  std::set<std::string> folders;
  for (const File& file : files) {
    const std::string name = file.path.substr(1);
    for (size_t at = name.find('/'); at != std::string::npos; at = name.find('/', at + 1)) {
      const std::string folder = name.substr(0, at);
      if (folders.insert(folder).second) append(out, folder, "", S_IFDIR | 0755);
    }
    append(out, name, file.content, S_IFREG | file.mode);
  }
  append(out, "TRAILER!!!", "", 0);
  return out;
}

}  // namespace zinit::vm
