// Loaded into hb-master (LD_PRELOAD) where a FIFO stands in for a watchdog device: answers the
// ioctls of a driver that grants every timeout and has the magic close. Everything else goes to
// the kernel.
#include <dlfcn.h>
#include <linux/watchdog.h>

#include <cstdarg>
#include <cstring>

extern "C" int ioctl(int fd, unsigned long request, ...) {
    static int timeout = 60;
    va_list arguments;
    va_start(arguments, request);
    void* const argument = va_arg(arguments, void*);
    va_end(arguments);
    switch (request) {
        case WDIOC_GETSUPPORT: {
            watchdog_info info{};
            info.options = WDIOF_SETTIMEOUT | WDIOF_MAGICCLOSE;
            std::memcpy(info.identity, "stand-in", sizeof "stand-in");
            std::memcpy(argument, &info, sizeof info);
            return 0;
        }
        case WDIOC_SETOPTIONS:
            return 0;
        case WDIOC_SETTIMEOUT:
            std::memcpy(&timeout, argument, sizeof timeout);
            return 0;
        case WDIOC_GETTIMEOUT:
            std::memcpy(argument, &timeout, sizeof timeout);
            return 0;
        default: {
            using Ioctl = int (*)(int, unsigned long, ...);
            static const Ioctl next = reinterpret_cast<Ioctl>(::dlsym(RTLD_NEXT, "ioctl"));
            return next(fd, request, argument);
        }
    }
}
