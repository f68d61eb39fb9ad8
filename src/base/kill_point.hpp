// Places at which a build for tests can be told to crash: where what zinit has noted and what is
// true may differ. The sanitized flavours have them (ZINIT_KILL_POINTS); in all others this is
// nothing.
#pragma once

namespace zinit {

#ifdef ZINIT_KILL_POINTS
/// Crashes if ZINIT_KILL_AT is "NAME" or "NAME:N", for the N-th time that this image comes here,
/// and the file that ZINIT_KILL_MARK names does not exist. Makes that file before, so that there is
/// one crash. Async-signal-safe; any thread.
void kill_point(const char* name) noexcept;
#else
inline void kill_point(const char* /*name*/) noexcept {}
#endif

}  // namespace zinit
