// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// Dialogs: what an administrator types at a real server, and what is printed, in a golden file.
//
//     == NAME                  a dialog, with a server and a folder of its own
//     > server OPTION...       container, settings, own_root, or arguments of the server
//     @ web                    writes services/web.toml; with a dot or slash: a path in the
//                              folder
//       TEXT                   its lines, two columns further in
//     > boot                   starts the server and waits until it answers
//     $ COMMAND                a line for sh(1), in the folder, after Server::settle(); below it
//                              what it printed, and [CODE] if its exit code was not 0, in the
//                              same way
//     > await web running      waits until the state is this, or `failed REASON`
//     > trace LINE             waits for a line of the trace ($T); `> trace 2 LINE`: for two
//     > message TEXT           waits for a message of the server
//     > reexec, > crash        waits until the next process image answers
//     > end                    ends the server, and prints its exit code
//     > mask REGEX             replaces what matches by `~` from here on
//     # REMARK
//
// Commands find zinitctl in PATH, its socket in the environment, and D, T as services do. In output
// `$D` stands for the folder, and PID and TIME for pids and times of day behind words that
// introduce them. `list` is printed with one blank between its columns, pids and times masked.
//
// To add a dialog, write its commands, and the whole file again by ZINIT_TEST_REWRITE=1.

#include <string>

namespace zinit::test {

/// The dialogs of a golden file with what they print now; empty if there are none. A wait in vain
/// fails the test.
std::string played(const std::string& dialogs);

}  // namespace zinit::test

/// Fails if a dialog of NAME.golden prints anything else.
#define CHECK_DIALOGS(name)                                                                    \
  do {                                                                                         \
    const std::string dialogs = zinit::test::played(zinit::test::golden_text(name, __FILE__)); \
    REQUIRE(dialogs != "");                                                                    \
    CHECK_GOLDEN(dialogs, name);                                                               \
  } while (false)
