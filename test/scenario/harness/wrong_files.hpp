// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// One service file with each kind of fault (zinit.toml(5), "What a wrong file does"); zinit refuses
// each.

#include <string>
#include <vector>

namespace zinit::test {

struct WrongFile {
  std::string file;   ///< its name
  std::string place;  ///< "LINE:COLUMN", or the part of it that is certain
  std::string says;   ///< a part of the message: mostly SECTION.KEY, or what is allowed
  std::string text;

  /// The name in lists of services: the stem, with _ for characters that a name may not have.
  std::string service() const;
};

const std::vector<WrongFile>& wrong_files();

}  // namespace zinit::test
