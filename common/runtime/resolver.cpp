#include "common/runtime/resolver.hpp"

#include <event2/dns.h>
#include <event2/util.h>
#include <netdb.h>

#include <cstring>

#include "common/runtime/socket_address.hpp"

namespace hb::runtime {

struct Resolver::Question {
    struct FreeBase {
        void operator()(evdns_base* base) const { ::evdns_base_free(base, 0); }
    };
    Resolver* resolver = nullptr;
    Callback callback;
    std::unique_ptr<evdns_base, FreeBase> base;
    bool done = false;
};

Resolver::Resolver(EventLoop& loop)
    : loop_(loop), sweep_(loop, [this]() noexcept {
          std::erase_if(questions_, [](const auto& q) { return q->done; });
      }) {
    // What it has to say is in the answers.
    ::evdns_set_log_fn([](int, const char*) {});
}

Resolver::~Resolver() {
    // Freeing the base answers nothing (fail_requests 0).
    questions_.clear();
}

void Resolver::resolve(const std::string& name, Callback callback, IpAddress::Family family) {
    auto& question = *questions_.emplace_back(std::make_unique<Question>());
    question.resolver = this;
    question.callback = std::move(callback);
    question.base.reset(::evdns_base_new(loop_.base(), EVDNS_BASE_DISABLE_WHEN_INACTIVE));
    if (!question.base) {
        question.done = true;
        sweep_.schedule();
        return question.callback(failure("out of memory"));
    }
    // Whatever it finds wrong there: /etc/hosts is read in any case, and without a name server one
    // of this host is asked.
    ::evdns_base_resolv_conf_parse(question.base.get(), DNS_OPTIONS_ALL, "/etc/resolv.conf");
    addrinfo hints{};
    hints.ai_family = family == IpAddress::Family::kV4 ? AF_INET : AF_INET6;
    hints.ai_socktype = SOCK_DGRAM;
    ::evdns_getaddrinfo(question.base.get(), name.c_str(), nullptr, &hints, answered, &question);
}

void Resolver::answered(int error, addrinfo* answers, void* arg) noexcept {
    auto* question = static_cast<Question*>(arg);
    Result<IpAddress> result = failure(error != 0 ? ::evutil_gai_strerror(error) : "no address");
    for (const addrinfo* a = answers; a != nullptr && !result; a = a->ai_next) {
        SocketAddress address{};
        if (a->ai_addrlen > sizeof address) continue;
        std::memcpy(&address, a->ai_addr, a->ai_addrlen);
        if (a->ai_addrlen == size_of(address)) result = ip_address(address);
    }
    if (answers != nullptr) ::evutil_freeaddrinfo(answers);
    if (error == EVUTIL_EAI_CANCEL) return;
    question->done = true;
    question->resolver->sweep_.schedule();
    question->resolver->loop_.entering_callback();
    question->callback(std::move(result));
}

}  // namespace hb::runtime
