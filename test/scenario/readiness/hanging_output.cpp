// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Pipes whose lock a process holds: the thread that reads them hangs, and another takes over.
#include <sys/mman.h>
#include <sys/uio.h>

#include "scenario/harness.hpp"
#include "support/hanging_file.hpp"

namespace zinit::test::readiness_hanging_output {
namespace {

std::string logging(const std::string& file) {
  return "[logging]\nfile = " + toml_string(file) + "\n";
}

/// A process that writes to `output`, and then from a mapping that nobody can read. It holds the
/// lock of the pipe until the server of `hanging` is gone, and cannot end before. `at_once`: one
/// write, of which the pipe has a page before it hangs, so that the kernel wakes no reader.
class HangingWriter {
 public:
  HangingWriter(HangingFile& hanging, const std::string& output, bool at_once) : hanging_(hanging) {
    const std::string mapped = hanging.mapped();
    const int asked = hanging.asked();
    pid_ = ::fork();
    if (pid_ == 0) {
      const int to = ::open(output.c_str(), O_WRONLY | O_CLOEXEC);
      const int from = ::open(mapped.c_str(), O_RDONLY | O_CLOEXEC);
      void* const memory = ::mmap(nullptr, 1, PROT_READ, MAP_PRIVATE, from, 0);
      std::string line(at_once ? 4096 : 5, ' ');
      line.replace(0, 5, "said\n");
      const iovec parts[]{{line.data(), line.size()}, {memory, 1}};
      if (at_once || ::writev(to, parts, 1) > 0)
        static_cast<void>(::writev(to, at_once ? parts : parts + 1, at_once ? 2 : 1));
      ::_exit(0);
    }
    CHECK(eventually([&] { return hanging.asked() > asked; }));
  }
  ~HangingWriter() {
    hanging_.end();
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  HangingWriter& operator=(HangingWriter&&) = delete;

 private:
  HangingFile& hanging_;
  pid_t pid_;
};

TEST_CASE(
    "output from a mapped file whose server is silent holds up no request and no other output",
    "[check][root][logs]") {
  for (const bool loop_reads : {true, false}) {  // first, before the clients' requests do
    HangingFile hanging;
    if (!hanging.works()) return skip("needs /dev/fuse, and the right to mount");
    Server zinit;
    zinit.add("a");
    const std::string log = zinit.path("b.log");
    zinit.add("b", {.exec = "echo from b; until [ -e $D/go ]; do sleep 0.01; done; echo more; "
                            "exec sleep 100000",
                    .more = logging(log)});
    zinit.boot({"a", "b"});
    REQUIRE(eventually([&] { return zinit.ctl({"logs", "b"}).out == "from b\n"; }));
    const auto readers = [&] {
      return std::ranges::count_if(entries_of("/proc/" + std::to_string(zinit.pid()) + "/task"),
                                   [](const std::string& task) {
                                     return proc_status(std::atoi(task.c_str()), "Name") ==
                                            "zinit-read";
                                   });
    };
    const std::string output = "/proc/" + std::to_string(zinit.pid_of("a")) + "/fd/1";
    zinit.hold();  // zinit reads the line once the pipe is locked
    const HangingWriter writer(hanging, output, !loop_reads);
    zinit.go_on();
    CHECK(zinit.ctl({"logs", "a"}).out.empty());  // waits until the read counts as hanging
    zinit.await_message("a: a process of this service holds the lock of its output pipe");
    zinit.mark("go");
    CHECK(eventually([&] { return read_file(log) == "from b\nmore\n"; }));
    CHECK(readers() == 2);
    CHECK_THAT(zinit.ctl({"reexec"}).err, Contains("a process of a holds the lock"));
    CHECK(zinit.stop("b")["state"].text() == "exited");
    CHECK(zinit.start("b")["state"].text() == "running");
    hanging.end();
    CHECK(eventually([&] {
      return zinit.ctl({"logs", "a", "-n", "2"}).out.starts_with("said\n");
    }));
    CHECK(eventually([&] { return readers() == 1; }));
    CHECK(zinit.shut_down() == 0);
  }
}

TEST_CASE("a new service does not wait for the hanging output of one that was removed",
          "[root][logs][reexec]") {
  HangingFile hanging;
  if (!hanging.works()) return skip("needs /dev/fuse, and the right to mount");
  Server zinit;
  zinit.add("a");
  zinit.boot({"a"});
  const std::string output = "/proc/" + std::to_string(zinit.pid_of("a")) + "/fd/1";
  zinit.hold();  // zinit reads the line once the pipe is locked
  const HangingWriter writer(hanging, output, false);
  zinit.go_on();
  zinit.await_message("a: a process of this service holds the lock of its output pipe");
  CHECK(zinit.ctl({"remove-service", "a"}).code == 0);
  // It has the number of the removed one.
  (void)zinit.result(
      "service.set",
      R"({"config":{"service":{"name":"b","exec":["sh","-c","echo from b; exec sleep 100000"]}}})");
  CHECK(eventually([&] { return zinit.ctl({"logs", "b"}).out == "from b\n"; }));
  CHECK_THAT(zinit.ctl({"reexec"}).err, Contains("a process of a holds the lock"));
  hanging.end();
  zinit.reexecute();
  CHECK(zinit.ctl({"logs", "b"}).out == "from b\n");
  CHECK(zinit.shut_down() == 0);
}

TEST_CASE("if all threads that read output hang, requests go on, and so does the output later",
          "[root][logs]") {
  constexpr int kReaders = 8;
  Server zinit;
  const std::string log = zinit.path("b.log");
  zinit.add("b", {.exec = "until [ -e $D/go ]; do sleep 0.01; done; echo more; exec sleep 100000",
                  .more = logging(log)});
  zinit.add("c", {.exec = "exec sleep 100000"});
  Texts names{"b", "c"};
  for (int i = 0; i < kReaders; ++i) {
    names.push_back("a" + std::to_string(i));
    zinit.add(names.back());
  }
  zinit.boot(names);
  std::vector<std::unique_ptr<HangingFile>> files;  // the writers end them
  std::vector<std::unique_ptr<HangingWriter>> writers;
  for (int i = 0; i < kReaders; ++i) {
    const std::string& name = names[std::size_t(i) + 2];
    files.push_back(std::make_unique<HangingFile>());
    if (!files.back()->works()) return skip("needs /dev/fuse, and the right to mount");
    const std::string output = "/proc/" + std::to_string(zinit.pid_of(name)) + "/fd/1";
    zinit.hold();  // zinit reads the line once the pipe is locked
    writers.push_back(std::make_unique<HangingWriter>(*files.back(), output, false));
    zinit.go_on();
    zinit.await_message(name + ": a process of this service holds the lock of its output pipe");
  }
  zinit.await_message("cannot read the output of services until then (8 threads");
  zinit.mark("go");
  CHECK(zinit.stop("c")["state"].text() == "exited");
  CHECK(zinit.start("c")["state"].text() == "running");
  CHECK(access(log.c_str(), F_OK) != 0);
  files[3]->end();
  CHECK(eventually([&] { return access(log.c_str(), F_OK) == 0 && read_file(log) == "more\n"; }));
  for (const auto& file : files) file->end();
  CHECK(zinit.shut_down() == 0);
}

}  // namespace
}  // namespace zinit::test::readiness_hanging_output
