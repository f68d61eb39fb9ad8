// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Dialogs with a virtual machine, in the golden file (support/golden.hpp) with the name of the
// test's source. A line there is:
//
//     == NAME         a dialog begins
//     -- TEXT         the next step; a failure shows it
//     @ PATH          a file of the machine; its content follows
//     < TEXT          the console shows TEXT, after what earlier lines have waited for
//     <               the console shows a prompt of root's shell
//     > TEXT          TEXT is typed at the console
//     $< TEXT         the same of the second line, on which a shell has no echo
//     $> TEXT
//     $ COMMAND       a command in the shell on the second line; its output follows, and its exit
//                     code in brackets if that is not 0
//     $~ COMMAND      the same, repeated until the output is as it follows
//     # COMMAND       a command in the shell on the console
//     #~ COMMAND      the same, repeated
//     * WHAT          log in (as root at the console), ctrl-alt-del, power-button, ctrl-s, which
//                     stops the console's output, or `end`: the machine ends by itself
//       TEXT          content or output; `...` in an output stands for any text
//
// The shells keep their variables from one command to the next.
#pragma once

#include <string>
#include <vector>

#include "vm/harness/vm.hpp"

namespace zinit::vm {

/// The files of a dialog, and more. Scripts (#!) can be executed.
[[nodiscard]] std::vector<File> files_in(const std::string& name, std::vector<File> more = {},
                                         const std::string& source = __builtin_FILE());

/// Switches a machine on that has the files of the dialog, and plays it.
void play(const std::string& name, VmOptions options = {},
          const std::string& source = __builtin_FILE());

/// The same with a machine that is on.
void play(Vm& machine, const std::string& name, const std::string& source = __builtin_FILE());

}  // namespace zinit::vm
