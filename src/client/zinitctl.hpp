// zinitctl as a function of its command line, so that tests can run it with a printer of their own.
#pragma once

#include <string>
#include <vector>

#include "client/printer.hpp"

namespace zinit {

/// Does what the words after the program's name ask for; returns the exit status.
[[nodiscard]] int zinitctl(std::vector<std::string> words, Printer& printer);

}  // namespace zinit
