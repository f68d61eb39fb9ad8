#pragma once
// One service file of each kind of wrong (zinit.toml(5), "What a wrong file does"), that is
// refused.

#include <string>
#include <vector>

namespace zinit::test {

struct WrongFile {
  std::string file;   ///< its name
  std::string place;  ///< "LINE:COLUMN", or as much of it as is certain
  std::string says;   ///< what the message has: mostly SECTION.KEY, or what is allowed
  std::string text;

  /// The name under which the service is listed: the stem, with _ for what a name may not have.
  std::string service() const;
};

const std::vector<WrongFile>& wrong_files();

}  // namespace zinit::test
