// When which service has to be looked at again though nothing happens: one deadline a service at
// most, the earliest at hand. A binary heap that knows where in it each service stands, so that a
// deadline is set, moved and taken out in logarithmic time, and takes memory in reserve() alone.
//
// Threads: none of its own locking; the board's lock guards it.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.hpp"
#include "model/graph.hpp"

namespace zinit {

class Deadlines {
 public:
  /// Takes the memory for slots below `slots`. May throw std::bad_alloc; then nothing has changed.
  void reserve(std::size_t slots);

  /// The deadline of `slot`, which has been reserved, in place of its last; kNever: none.
  void set(Slot slot, TimePoint at) noexcept;

  /// kNever where there is none.
  [[nodiscard]] TimePoint of(Slot slot) const noexcept;

  /// The earliest of all, kNever where there is none, and whose it is.
  [[nodiscard]] TimePoint first() const noexcept;
  [[nodiscard]] Slot first_slot() const noexcept;

 private:
  struct Entry {
    TimePoint at;
    Slot slot;
  };
  void put(std::size_t place, const Entry& entry) noexcept;
  void rise(std::size_t place, const Entry& entry) noexcept;
  void sink(std::size_t place, const Entry& entry) noexcept;

  std::vector<Entry> heap_;
  std::vector<std::uint32_t> places_;  // by slot: one more than the index in heap_; 0: none
};

}  // namespace zinit
