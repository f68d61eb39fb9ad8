// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Sparse memory files: a lack of memory is an error and no signal.
#include "state/memory_file.hpp"
#include "support/test.hpp"

#include "activation/proxy_table.hpp"
#include "io/read_area.hpp"
#include "io/ring_memory.hpp"
#include "io/sink_area.hpp"

namespace zinit::test::state_memory_file {
namespace {

constexpr std::size_t kPages = 4096 * 64;

std::size_t bytes_in_memory(const MappedFile& file) {
  struct stat status {};
  return ::fstat(file.fd(), &status) < 0 ? 0 : static_cast<std::size_t>(status.st_blocks) * 512;
}

bool memory_ends() { return refuse_call(SYS_fallocate, ENOMEM); }

TEST_CASE("memory file: a sparse file has the memory that was reserved, and without memory no more",
          "[kept]") {
  auto file = MappedFile::create_sparse("file", kPages, 1);
  REQUIRE(file);
  const std::size_t first = bytes_in_memory(*file);
  CHECK((first >= 1 && first < kPages));
  CHECK(file->reserve(kPages / 2));
  CHECK(bytes_in_memory(*file) >= kPages / 2);
  CHECK_FALSE(file->reserve(kPages + 1));
  CHECK(in_child([&]() -> std::string {
          if (!memory_ends()) return "cannot begin";
          if (!file->reserve(kPages / 2)) return "asked again";
          if (file->reserve(kPages)) return "reserved";
          return MappedFile::create_sparse("other", kPages, 1) ? "made" : "refused";
        }) == "refused");
  CHECK(file->reserve(kPages));
  CHECK(bytes_in_memory(*file) >= kPages);
}

TEST_CASE("memory file: without memory a sink's chunk has no more room, and keeps what it has",
          "[kept][io]") {
  CHECK(in_child([]() -> std::string {
          SinkArea area;
          SinkChunk chunk = SinkArea::chunk(&area, "queue", 6);
          chunk.add("before");
          chunk.commit();
          if (!memory_ends()) return "cannot begin";
          if (chunk.reserve(SinkArea::kText / 2)) return "reserved";
          if (SinkArea::chunk(&area, "queue", 6).text() != "") return "not in ordinary memory";
          return std::string(chunk.waiting());
        }) == "before");
}

TEST_CASE("memory file: without memory a read area uses ordinary memory", "[kept][io]") {
  CHECK(in_child([]() -> std::string {
          ReadArea area(0);
          area.begin(5, 1);
          const std::uint64_t number = area.number();
          area.end();
          if (!memory_ends()) return "cannot begin";
          area.begin(5, ReadArea::kBytes);
          const std::string text(ReadArea::kBytes, 'x');
          text.copy(area.bytes(), text.size());
          area.got(text.size(), 0);
          if (area.number() <= number) return "no later number";
          return std::string(area.bytes(), text.size()) == text ? "read" : "other bytes";
        }) == "read");
}

TEST_CASE("memory file: without memory a ring has no first block", "[kept][io]") {
  CHECK(in_child([]() -> std::string {
          RingMemory rings;
          if (!rings.first(0) || !memory_ends()) return "cannot begin";
          if (!rings.first(1)) return "not even on the same page";
          return rings.first(1000) ? "a block" : "none";
        }) == "none");
}

TEST_CASE("memory file: without memory a proxy gets no place, and others keep theirs",
          "[kept][proxy]") {
  CHECK(in_child([]() -> std::string {
          auto table = ProxyTable::create();
          if (!table || table->claim("first") != 0 || !memory_ends()) return "cannot begin";
          int more = 0;
          while (table->claim("p" + std::to_string(more))) ++more;
          if (table->full()) return "full";
          return table->find("first") == 0 && more > 0 ? "refused" : "lost";
        }) == "refused");
}

TEST_CASE("memory file: without memory for its note a descriptor is not kept, and others are",
          "[kept]") {
  CHECK(in_child([]() -> std::string {
          if (!make_kept_list()) return "no list";
          auto pipe = make_pipe();
          UniqueFd high(pipe ? ::fcntl(pipe->read.get(), F_DUPFD_CLOEXEC, 600) : -1);
          if (!high || !memory_ends()) return "cannot begin";
          // Left open, as by a process image that has executed the next one.
          new KeptFd(std::move(pipe->write), {KeptKind::dev_log});
          auto* const lost = new KeptFd(std::move(high), {KeptKind::log_pipe});
          auto left = Inheritance::take_over(::fcntl(kept_list_fd(), F_DUPFD_CLOEXEC, 0));
          if (!left || !left->take(KeptKind::dev_log)) return "not kept";
          if (!left->take_all(KeptKind::log_pipe).empty()) return "kept";
          const int number = lost->get();
          lost->reset();
          return ::fcntl(number, F_GETFD) < 0 ? "closed" : "open";
        }) == "closed");
}

}  // namespace
}  // namespace zinit::test::state_memory_file
