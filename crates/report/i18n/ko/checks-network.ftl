# "network" 영역 점검 항목의 문구.

check-dangling-ingress-backend = 존재하지 않는 서비스로 연결되는 경로
    .message = 경로가 가리키는 서비스 `{ $name }` 또는 해당 포트가 스캔한 파일에 없습니다.
    .why = 사용자에게 오류가 발생하며, 같은 이름의 서비스를 만들 수 있는 사람이 자격 증명을 포함한 요청을 가로챌 수 있습니다.
    .fix = 백엔드를 수정하거나 서비스를 추가하십시오.

check-dangling-service-monitor = 서비스가 없는 모니터
    .message = ServiceMonitor가 선택하는 서비스가 스캔한 파일에 없습니다.
    .why = 아무것도 측정되지 않아 알림이 발생하지 않으며 이를 알아차리기도 어렵습니다.
    .fix = `selector`에 서비스의 레이블을 사용하십시오.

check-default-deny-missing = 기본 차단 정책 없음
    .message = 네임스페이스에 { $direction ->
        [ingress] 수신(ingress)을
        [egress] 송신(egress)을
       *[both] 수신(ingress)과 송신(egress)을
        } 기본적으로 차단하는 정책이 없습니다.
    .why = 정책이 없는 새 파드에는 어디서든 접근할 수 있고, 그 파드도 어디로든 접근할 수 있습니다.
    .fix = `podSelector`가 비어 있고 두 `policyTypes`를 모두 가진, 규칙 없는 정책을 추가하십시오.

check-etcd-without-client-certificates = 클라이언트 인증서가 없는 etcd
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } 실행하는 etcd가 `{ $what }` 설정 때문에 열려 있습니다.
    .why = etcd에는 시크릿을 포함한 클러스터의 모든 오브젝트가 있습니다. etcd와 통신할 수 있는 사람은 API 서버보다 높은 권한을 갖습니다.
    .fix = `https://`로만 수신하고 `--client-cert-auth=true`와 `--peer-client-cert-auth=true`를 설정하십시오.

check-exposed-interface-without-authentication = 인증 없이 공개된 인터페이스
    .message = 컨테이너 { $container }{ JOSA($container, "은/는") } 인증이 없는 프로그램을 실행하며, { $by }{ JOSA($by, "이/가") } 이를 외부에 공개합니다.
    .why = 주소를 찾은 사람이 데이터를 읽거나 작업을 실행하거나 클러스터를 장악할 수 있습니다. 이런 인터페이스는 몇 시간 안에 발견됩니다.
    .fix = 클러스터 안에만 두거나 앞에 인증을 두십시오.

check-exposed-service = 클러스터 밖으로 노출된 서비스
    .message = { $type ->
        [NodePort] 서비스가 클러스터의 모든 노드에서 포트를 엽니다.
       *[LoadBalancer] 서비스에 누구나 접근할 수 있는 로드 밸런서가 할당됩니다.
        }
    .why = 인그레스의 TLS와 인증, 로그를 거치지 않고 워크로드에 접근할 수 있습니다.
    .fix = Ingress나 Gateway 뒤에 `ClusterIP` 서비스를 두거나 `loadBalancerSourceRanges`로 접근을 제한하십시오.

check-gateway-open-to-all-namespaces = 모든 네임스페이스에 열린 게이트웨이
    .message = { $what }{ JOSA($what, "이/가") } 필요 이상으로 열려 있습니다. 모든 네임스페이스나 해당 종류의 모든 오브젝트가 대상입니다.
    .why = 아무 네임스페이스에서나 라우트를 쓸 수 있는 사람이 게이트웨이의 호스트를 가로채거나 다른 시크릿과 서비스를 사용할 수 있습니다.
    .fix = 레이블로 네임스페이스를 고르고, 허용할 오브젝트의 이름을 지정하십시오.

check-ingress-nginx-snippet = 프록시 설정에 삽입되는 텍스트
    .message = `{ $annotation }` 애너테이션이 ingress-nginx의 설정에 텍스트를 그대로 넣습니다.
    .why = Ingress를 쓸 수 있는 사람이 컨트롤러에서 코드를 실행하고 모든 네임스페이스에서 컨트롤러가 읽을 수 있는 시크릿을 읽을 수 있습니다.
    .fix = 애너테이션을 제거하고 `allow-snippet-annotations: "false"`로 설정하십시오. 같은 기능을 하는 전용 애너테이션이 있는 경우가 많습니다.

check-ingress-without-rate-limit = 요청 제한이 없는 공개 주소
    .message = 이 오브젝트에는 클라이언트가 보낼 수 있는 요청 수를 제한하는 설정이 없습니다.
    .why = 한 클라이언트가 다른 모두의 이용을 막거나 원하는 속도로 비밀번호를 시도할 수 있습니다.
    .fix = 컨트롤러의 애너테이션으로 제한을 두거나 제한을 적용하는 웹 방화벽을 지정하십시오.

check-ingress-without-tls = TLS 없는 인그레스
    .message = 인그레스가 { $host ->
        [all] 호스트를
       *[other] { $host }{ JOSA($host, "을/를") }
        } TLS 없이 제공합니다.
    .why = 비밀번호와 쿠키, 데이터가 암호화되지 않은 채 네트워크를 지나가며 누군가 읽거나 변경할 수 있습니다.
    .fix = `spec.tls`에 호스트와 인증서를 추가하십시오.

check-invalid-network-policy = 잘못된 네트워크 정책
    .message = API 서버가 `{ $value }` 값을 거부합니다.
    .why = 정책이 전혀 적용되지 않아 보호하려던 파드가 열린 채로 남습니다.
    .fix = 값을 수정하십시오. 접두사 길이가 있는 주소, 1~65535의 포트나 포트 이름, TCP, UDP, SCTP만 쓸 수 있습니다.

check-invalid-target-port = 연결되지 않는 대상 포트
    .message = 서비스의 대상 포트 { $port }{ JOSA($port, "이/가") } 올바르지 않거나 선택된 파드에 선언되지 않았습니다.
    .why = 해당 포트의 엔드포인트가 없어 연결이 거부됩니다.
    .fix = 컨테이너 포트의 번호나 선언된 이름을 사용하십시오.

check-istio-authorization-allows-all = 모든 것을 허용하는 인가 정책
    .message = 이 정책의 규칙이 모든 호출자를 허용합니다.
    .why = 한 정책이라도 요청을 허용하면 통과하므로, 호출자를 제한하려던 다른 정책은 더는 효과가 없습니다.
    .fix = 누가 무엇을 호출할 수 있는지 지정하십시오.

check-istio-default-deny-missing = 기본으로 열려 있는 메시 네임스페이스
    .message = 이 네임스페이스에서 허용되지 않은 요청을 거부하는 AuthorizationPolicy가 스캔한 파일에 없습니다.
    .why = 정책이 없는 워크로드는 어디에서 오는 호출이든 받아들입니다.
    .fix = 네임스페이스에 `spec`이 빈 AuthorizationPolicy를 추가한 뒤 필요한 것만 허용하십시오.

check-istio-destination-rule-without-tls = 대상에 대해 꺼진 TLS
    .message = { $what } 설정이 이 호스트로 가는 호출의 보호를 없앱니다.
    .why = 호출이 평문으로 나가거나 응답하는 누구에게나 전달되어, 이 호스트에 대해서는 메시의 암호화가 무력화됩니다.
    .fix = 메시 안에서는 `ISTIO_MUTUAL`, 밖으로는 검증을 켠 `SIMPLE`을 사용하십시오.

check-istio-egress-allow-any = 모든 외부 주소에 열린 메시
    .message = 프록시가 어떤 외부 주소로든 호출을 통과시킵니다.
    .why = 파드에 침입한 공격자가 원하는 곳으로 데이터를 보낼 수 있으며, 메시에는 그 이름도 남지 않습니다.
    .fix = `outboundTrafficPolicy.mode: REGISTRY_ONLY`로 설정하고 필요한 대상은 ServiceEntry에 적으십시오.

check-istio-gateway-weak-tls = TLS가 약하거나 없는 게이트웨이
    .message = 이 게이트웨이의 서버가 { $what } 연결을 받습니다.
    .why = 공개된 통신이 중간에서 읽히고 바뀔 수 있습니다. 1.2 이전의 TLS는 안전하지 않습니다.
    .fix = TLS 1.2 이상의 HTTPS를 제공하고, 평문 요청은 `httpsRedirect`로 보내십시오.

check-istio-jwt-not-required = 검사하지만 요구하지 않는 토큰
    .message = 여기서 검사하는 토큰을 요구하는 AuthorizationPolicy가 스캔한 파일에 없습니다.
    .why = 잘못된 토큰은 거부되지만 토큰이 아예 없으면 통과하므로, 토큰을 빼면 누구나 이용할 수 있습니다.
    .fix = 요청 주체가 없는 요청을 거부하는 AuthorizationPolicy를 추가하십시오.

check-istio-mtls-not-strict = 메시에서 허용되는 평문
    .message = { $mode } 모드는 상호 TLS 없는 호출을 허용합니다.
    .why = 네트워크에 있는 누구나 인증서 없이 워크로드를 호출하고 다른 호출의 내용을 읽을 수 있습니다.
    .fix = 평문 호출이 남아 있지 않은지 지표로 확인한 뒤 `mode: STRICT`로 설정하십시오.

check-istio-sidecar-bypassed = 메시 프록시를 우회하는 트래픽
    .message = `{ $what }` 설정이 트래픽을 Istio 프록시 밖으로 보냅니다.
    .why = 프록시를 우회한 트래픽은 암호화되지도, 인가되지도, 메시에 기록되지도 않습니다.
    .fix = 설정을 제거하거나, 예외가 필요한 것만 ServiceEntry나 PeerAuthentication에 적으십시오.

check-kubectl-proxy-exposed = 열려 있는 kubectl proxy
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } 네트워크 전체에 `kubectl proxy`를 엽니다.
    .why = 모든 요청에 자신의 서비스 어카운트 권한이 실리므로, 포트에 접근하는 누구나 비밀번호 없이 그 어카운트로 행동합니다.
    .fix = 127.0.0.1에서만 수신하게 하거나 각자의 어카운트로 API 서버를 사용하십시오.

check-kubelet-open = 누구에게나 열린 kubelet
    .message = { $what } 설정이 노드에 접근할 수 있는 누구에게나 kubelet을 엽니다.
    .why = kubelet은 노드의 모든 파드에서 명령을 실행하고, 환경 변수의 자격 증명을 포함한 파드 명세를 보여 줍니다.
    .fix = 익명 요청과 읽기 전용 포트를 끄고 `authorization.mode: Webhook`으로 설정하십시오.

check-metadata-api-reachable = 접근할 수 있는 메타데이터 서비스
    .message = 이 이그레스 규칙의 { $cidr } 블록에 클라우드의 메타데이터 서비스가 들어 있습니다.
    .why = 169.254.169.254에 요청할 수 있는 파드는 노드의 자격 증명을 얻고, 이를 통해 클러스터의 자격 증명까지 얻는 경우가 많습니다.
    .fix = `except`에 `169.254.169.254/32`를 추가하고 노드에서 IMDSv2와 홉 제한 1을 요구하십시오.

check-namespace-without-network-policy = 네트워크 정책이 없는 네임스페이스
    .message = 스캔한 파일에 이 네임스페이스의 네트워크 정책이 없습니다.
    .why = 정책이 없으면 클러스터의 모든 파드가 이 네임스페이스의 모든 파드에 연결할 수 있습니다.
    .fix = 기본적으로 모든 트래픽을 차단하는 정책과 필요한 연결을 허용하는 정책을 추가하십시오.

check-network-policies-not-enforced = 정책을 적용하지 않는 네트워크 플러그인
    .message = { $plugin } 네트워크 플러그인은 이 설정에서 네트워크 정책을 적용하지 않습니다.
    .why = 네트워크 정책이 받아들여지지만 아무 효과가 없습니다. 막은 것처럼 보이는 모든 것이 열려 있습니다.
    .fix = 정책을 적용하는 플러그인을 사용하거나 정책 에이전트를 켜십시오.

check-network-policy-allows-all = 모든 것을 허용하는 네트워크 정책
    .message = 이 정책의 { $direction } 규칙이 모든 연결을 통과시킵니다.
    .why = 정책이 파드를 선택하면서도 아무것도 막지 않습니다. 보호되는 것처럼 보이지만 모든 파드와 주소에 열려 있습니다.
    .fix = 필요한 상대와 포트만 지정하십시오.

check-network-policy-peer-without-pods = 존재하지 않는 상대를 가리키는 네트워크 정책
    .message = 이 상대의 `{ $what }`가 스캔한 파일에서 아무것도 선택하지 않습니다.
    .why = 규칙이 허용하려던 연결이 거부되며, 다음 사람이 문제를 해결하려고 정책을 넓게 열게 됩니다.
    .fix = 셀렉터를 파드와 네임스페이스의 레이블과 비교하십시오.

check-network-policy-unknown-port = 존재하지 않는 포트를 가리키는 네트워크 정책
    .message = 정책이 선택하는 파드 가운데 `{ $name }`{ JOSA($name, "이라는/라는") } { $protocol } 포트를 선언한 것이 없습니다.
    .why = 이름이 아무것도 가리키지 않으므로 규칙이 허용하려던 연결이 거부됩니다.
    .fix = 컨테이너가 포트에 붙인 이름이나 포트 번호를 사용하십시오.

check-network-policy-without-pods = 대상 파드가 없는 네트워크 정책
    .message = 이 정책이 선택하는 파드가 스캔한 파일에 없습니다.
    .why = 보호하려던 파드는 열려 있는데도 모두가 보호되고 있다고 믿게 됩니다.
    .fix = `podSelector`에 파드의 레이블을 사용하십시오.

check-pod-half-isolated = 한 방향만 격리된 파드
    .message = { $direction ->
        [egress] 파드가 어디든 연결할 수 있습니다. 송신(egress)을 제한하는 정책이 없습니다.
       *[ingress] 어디서든 파드에 연결할 수 있습니다. 수신(ingress)을 제한하는 정책이 없습니다.
        }
    .why = 송신을 제한하지 않으면 공격자가 도구를 내려받고 데이터를 빼낼 수 있으며, 수신을 제한하지 않으면 어느 파드에서든 침입할 수 있습니다.
    .fix = 빠진 방향을 `policyTypes`에 추가하고 필요한 트래픽을 규칙으로 허용하십시오.

check-pod-not-isolated = 격리되지 않은 파드
    .message = 이 파드를 대상으로 하는 네트워크 정책이 스캔한 파일에 없습니다.
    .why = 클러스터의 모든 파드가 이 파드에 연결할 수 있고, 이 파드도 어디든 연결할 수 있습니다. 어느 파드든 장악한 공격자가 이곳을 거쳐 이동할 수 있습니다.
    .fix = 파드를 대상으로 필요한 트래픽만 허용하는 NetworkPolicy를 추가하십시오.

check-retired-ingress-nginx = 지원이 끝난 인그레스 컨트롤러
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } 지원이 끝난 ingress-nginx를 실행합니다.
    .why = 더는 보안 수정이 제공되지 않는데도 공개된 모든 서비스 앞에 있으며 모든 네임스페이스의 시크릿을 읽을 수 있습니다.
    .fix = Gateway API나 유지 보수되는 컨트롤러로 옮기십시오.

check-service-external-ips = 외부 IP 주소 점유
    .message = 서비스가 외부 IP 주소를 점유합니다.
    .why = 주소의 소유자와 관계없이 모든 노드가 해당 주소의 트래픽을 이 서비스로 보냅니다(CVE-2020-8554). 클러스터 전체의 연결을 가로챌 수 있습니다.
    .fix = `externalIPs`를 제거하고 로드 밸런서를 사용하십시오. 어드미션 플러그인 DenyServiceExternalIPs로 이 필드를 금지하십시오.

check-service-without-pods = 파드가 없는 서비스
    .message = 서비스의 셀렉터와 일치하는 파드가 스캔한 파일에 없습니다.
    .why = 서비스가 응답하지 않으며, 해당 레이블로 파드를 만들 수 있는 사람이 트래픽을 가로챌 수 있습니다.
    .fix = `selector`에 파드의 레이블을 사용하거나 서비스를 제거하십시오.

check-workload-exposed-to-internet = 인터넷에 노출된 워크로드
    .message = { $by }{ JOSA($by, "이/가") } 외부 요청을 { $service } 서비스를 거쳐 이 워크로드로 전달합니다.
    .why = 공개된 것이 가장 먼저 공격받습니다. 공개된 모든 것은 의도한 것이어야 합니다.
    .fix = 외부에서 들어오는 경로를 제거하거나 이유를 적어 이 결과를 승인하십시오.
