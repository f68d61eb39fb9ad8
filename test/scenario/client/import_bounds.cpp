// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl import on the real binary, with files that are broken or made to be expensive: it ends
// soon, gives the reason, and loses nothing silently.
#include "scenario/harness.hpp"
namespace zinit::test::client_import_bounds {
namespace {

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

std::string compose(std::string_view more) {
  return "services:\n  a:\n    command: x\n" + std::string(more);
}

/// Anchors, each of which has the one before twice, or once.
std::string anchors(int count, bool twice) {
  std::string all = "a0: &a0 [x]\n";
  for (int i = 1; i <= count; ++i) {
    const std::string own = "a" + std::to_string(i), before = "*a" + std::to_string(i - 1);
    all += own + ": &" + own + " [" + before + (twice ? ", " + before : "") + "]\n";
  }
  return all;
}

TEST_CASE("import bounds what a file makes it do", "[import][ctl]") {
  Server server;
  const std::string openrc = "#!/sbin/openrc-run\ncommand=/bin/x\n";
  const struct {
    const char* kind;
    std::string text;
    int code;
    const char* words;  // of the output
  } cases[] = {
      {"dinit", "type = process\ncommand = /x\n@include\n", 1, "line 3: @include names no file"},
      {"dinit", "type = process\ncommand = /x\n@include\tnone\n", 2, "none"},
      {"dinit", repeated("@include file\n", 12), 2, "too many files are read"},
      {"supervisord", "[program:a]\ncommand=x %(process_num)-2d\n", 1, "only supervisord knows"},
      {"supervisord", "[program:a]\ncommand=x %(process_num)99999999999d\n", 1, "only supervisord"},
      {"supervisord", "[program:a]\ncommand=x\nnumprocs_start=9223372036854775807\n", 2,
       "numprocs_start="},
      {"supervisord",
       "[program:a]\ncommand=x\nprocess_name=a%(process_num)d\nnumprocs=600\n[program:b]\n"
       "command=x\nprocess_name=b%(process_num)d\nnumprocs=600\n",
       2, "there are 1000 services already"},
      {"supervisord", "[program:a]\nnumprocs=1000\ncommand=x\n" + repeated("x=y\n", 200), 2,
       "numprocs=1000"},
      {"supervisord", "[program:a]\ncommand=x\n[include]\nfiles=*" + repeated("a*", 20), 2,
       "line 4: includes too many files"},
      {"compose",
       compose("    labels: " + repeated("[", 28) + "\"a'b\"" + repeated("]", 28) + "\n"), 1,
       "labels"},
      {"compose", compose("    labels: " + repeated("[", 40) + repeated("]", 40) + "\n"), 2,
       "nested too deep"},
      {"compose", compose("    labels: [\n" + repeated("      a,\n", 30000) + "      b]\n"), 2,
       "too many values"},
      {"compose", anchors(20, true) + compose(""), 2,
       "anchors and aliases make the file too large"},
      {"compose", anchors(40, false) + compose(""), 2, "line 32: nested too deep"},
      {"systemd", "[Service]\nExecStart=/x\nCPUAffinity=" + repeated("0-8192 ", 300) + "\n", 1,
       "more than 1024 elements"},
      {"systemd", "[Service]\nExecStart=/x\n" + repeated("Foo=1\n", 4000), 1,
       "more than 1000 settings are not carried over"},
      {"systemd", "[Service]\n" + repeated("A=1\n", 6000), 2, "has more than 5000 lines"},
      {"supervisord", "[group:a]\n" + repeated("programs=x\n", 200), 2, "too many settings"},
      {"compose", compose("\a"), 2, "is no text: line 4"},
      {"openrc", openrc + "x=aa\n" + repeated("x=$x$x\n", 60), 1, "variables that are not known"},
      {"openrc", openrc + repeated("x=y\nz\n", 20000), 2, "has too many lines"},
  };
  for (const auto& one : cases) {
    const std::string file = one.kind == std::string_view("systemd") ? "file.service" : "file";
    server.put(file, one.text);
    const Outcome done = server.ctl({"import", "--dry-run", "--from", one.kind, server.path(file)});
    INFO(one.kind << "\n" << one.text.substr(0, 200) << "\n" << done.err.substr(0, 1000));
    CHECK(done.code == one.code);
    CHECK_THAT(done.err, Contains(one.words));
  }
}

TEST_CASE("import refuses what would bring bytes that are no text into a file", "[import][ctl]") {
  Server server;
  server.put("job@a\327-b.service", "[Service]\nExecStart=/bin/true\nWorkingDirectory=/srv/%i\n");
  const Outcome done = server.ctl({"import", "--dry-run", server.path("job@a\327-b.service")});
  CHECK(done.code == 1);
  CHECK_THAT(done.err, Contains("refused: a path or a name that it would have is not UTF-8"));
  CHECK_THAT(done.out, !Contains("\327"));
}

}  // namespace
}  // namespace zinit::test::client_import_bounds
