# 서비스: 클러스터 사용자와 운영자가 읽는 글.

serve-policy-failed = [{ $policy }] 평가하지 못했습니다: { $detail }
serve-unjudged = { $reason }. 묻지 못한 정책: { $policies }
serve-overloaded = 대기 중인 어드미션 요청이 너무 많습니다
serve-too-late = 응답할 시간이 지났습니다
serve-broke-off = 평가가 중단되었습니다
serve-more-warnings = 경고 { NUMBER($count) }건을 더 표시하지 않았습니다

serve-listening = { $address }에서 요청을 받습니다
serve-demo =
    약점이 있는 가상의 클러스터와, 30초쯤 이어지는 공격을 보여 줍니다. 끝나면 모두 지워집니다.

      { $address }/ 를 열고 사용자 { $user }, 비밀번호 { $password } 로 로그인하십시오.
      인증서를 직접 만들었으므로 브라우저가 신뢰할지 묻습니다.

      curl -k -H 'Authorization: Bearer { $token }' { $address }/api/detections
      curl -k -H 'Authorization: Bearer { $token }' '{ $address }/api/findings?severity=critical'
serve-setup-token = 아직 아무도 로그인할 수 없습니다. /setup을 열고 이 토큰으로 첫 사용자를 만드십시오. 토큰은 다음 시작 전까지 한 번만 쓸 수 있습니다: { $token }
serve-log-in = 로그인
serve-log-out = 로그아웃
serve-set-up = 초기 설정
serve-status = 상태
serve-field-name = 사용자 이름
serve-field-password = 비밀번호
serve-field-token = 설정 토큰
serve-denied = 올바르지 않습니다. 입력한 내용을 확인하십시오.
serve-braked = 시도가 너무 많습니다. { NUMBER($seconds) }초 뒤에 다시 시도하십시오.
serve-password-length = 비밀번호는 12자 이상이어야 합니다.
serve-name-invalid = 이름은 글자, 숫자, . - _ @ + 로 된 1~128자여야 합니다.
serve-not-now = 지금은 처리할 수 없습니다. 이유는 서비스 로그에 있습니다.

serve-log-in-through = { $provider } 계정으로 로그인
serve-logged-in = { $name } 계정으로 로그인했습니다. 계속하십시오.
serve-provider-state = 이 브라우저에서 시작하지 않았거나, 이미 끝났거나, 시간이 너무 오래 걸린 로그인입니다. 처음부터 다시 하십시오.
serve-provider-refused = ID 공급자가 신원을 보증하지 않았습니다. 처음부터 다시 하십시오. 그래도 안 되면 이 서비스의 운영자에게 문의하십시오.
serve-provider-no-role = ID 공급자가 아는 계정이지만, 속한 그룹 가운데 여기서 역할을 받은 그룹이 없습니다. 이 서비스의 운영자에게 문의하십시오.
serve-route-oidc-begin = 로그인하러 ID 공급자로 이동
serve-route-oidc-end = ID 공급자에서 돌아와 로그인

serve-error-admission-full = 대기 중인 어드미션 요청이 너무 많습니다
serve-error-after = `after`에는 앞 페이지의 `next` 값을 넣으십시오
serve-error-asked = `{ $name }`에 `{ $given }` 값은 쓸 수 없습니다
serve-error-body-broke-off = 본문이 도중에 끊겼습니다
serve-error-body-too-long = 본문이 너무 깁니다
serve-error-body-too-slow = 본문을 받는 데 시간이 너무 오래 걸렸습니다
serve-error-braked = 시도가 너무 많습니다. { NUMBER($seconds) }초 뒤에 다시 시도하십시오
serve-error-denied = 사용자 이름이나 비밀번호가 올바르지 않습니다
serve-error-disabled = `disabled` 값은 true 또는 false입니다
serve-error-event-number = 이벤트 번호는 숫자입니다
serve-error-exists = `{ $name }` 항목이 이미 있습니다
serve-error-form = 이 서비스의 폼이 아니거나 너무 오래된 폼입니다. 페이지를 다시 여십시오
serve-error-gzip = gzip이 손상되었습니다: { $detail }
serve-error-intake-full = 대기 중인 이벤트 묶음이 너무 많습니다
serve-error-last-admin = 로그인할 수 있는 관리자가 한 명은 있어야 합니다
serve-error-lasts = `lasts_s` 값은 초 단위 숫자입니다
serve-error-lasts-range = 토큰의 유효 기간은 1분에서 10년까지입니다
serve-error-name = 이름은 글자, 숫자, . - _ @ + 로 된 1~128자여야 합니다
serve-error-no-session = 세션이 없습니다
serve-error-no-such-verb = 여기서는 할 수 없는 요청입니다
serve-error-none = 해당 항목이 없습니다
serve-error-not-found = `{ $name }` 항목이 없습니다
serve-error-not-json = AdmissionReview는 application/json으로 보내야 합니다
serve-error-not-now = 지금은 처리할 수 없습니다. 이유는 서비스 로그에 있습니다
serve-error-not-stored = 이벤트를 저장하지 못했습니다. 다시 보내십시오
serve-error-not-yours = 이 작업을 할 권한이 없습니다
serve-error-nowhere = 여기에는 아무것도 없습니다
serve-error-other-cluster = 다른 클러스터용 토큰입니다
serve-error-other-name = 이 서비스의 이름이 아닙니다
serve-error-password-length = 비밀번호는 12자 이상이어야 합니다
serve-error-review-kind = 본문이 AdmissionReview가 아닙니다. kind는 `{ $given }`입니다
serve-error-review-request = AdmissionReview의 요청을 읽을 수 없습니다: { $detail }
serve-error-review-syntax = 본문이 JSON이 아닙니다: { $detail }
serve-error-review-uid = AdmissionReview에 `uid`가 있는 요청이 없습니다
serve-error-review-version = `{ $version }` 버전은 지원하지 않습니다. admission.k8s.io/v1로 보내십시오
serve-error-role = `{ $given }` 역할은 없습니다. viewer, operator, approver, admin 가운데 하나여야 합니다
serve-error-role-missing = `role` 값이 없습니다
serve-error-scope = `scope` 값은 intake, admit, metrics, read 가운데 하나입니다
serve-error-unpacked-too-long = 압축을 푼 본문이 너무 깁니다
serve-error-unproven = 지금은 SNS 인증서를 가져올 수 없습니다. 메시지를 다시 보내십시오
serve-error-who = 누구인지 알 수 없습니다. 로그인하거나 토큰을 보내십시오

serve-api = 서비스로 실행되는 Haechi입니다. 폼은 urlencoded로 보냅니다. 세션이 있으면 /api/session이 알려 주는 `csrf` 값을 X-CSRF-Token 헤더에 함께 보냅니다.
serve-route-livez = 프로세스가 살아 있는지 확인
serve-route-readyz = 요청을 보내도 되는지 확인
serve-route-healthz = 모두 정상인지 확인. 읽을 권한이 있으면 ?verbose로 무엇이 잘못되었는지 표시
serve-route-admit-validate = AdmissionReview에 응답: 오브젝트를 저장해도 되는가
serve-route-admit-mutate = AdmissionReview에 응답: 오브젝트를 어떻게 바꿀 것인가
serve-route-admit-validate-key = 주소 말고는 자격 증명을 쓸 수 없는 API 서버를 위한 같은 경로
serve-route-admit-mutate-key = 주소 말고는 자격 증명을 쓸 수 없는 API 서버를 위한 같은 경로
serve-route-intake-audit = 쿠버네티스 감사 이벤트(EventList) 받기. 디스크에 기록된 뒤 응답
serve-route-intake-falco = Falco나 Falcosidekick의 경보 받기
serve-route-intake-cloud = CloudTrail, GuardDuty 등의 이벤트를 그대로 또는 SNS, EventBridge 봉투째 받기
serve-route-metrics = Prometheus용 지표
serve-route-openapi = 이 API 설명
serve-route-status = 서비스 상태 전체
serve-route-session = 현재 사용자
serve-route-tokens = 토큰 목록
serve-route-token-add = 토큰 만들기. 비밀 값은 이때 한 번만 표시
serve-route-token-revoke = 토큰 폐기
serve-route-users = 사용자 목록
serve-route-user-add = 사용자 추가
serve-route-user-change = 사용자 역할 변경 또는 계정 잠금
serve-route-password = 자기 비밀번호 변경. 모든 세션 종료
serve-route-journal = 저널 읽기. ?after=N 뒤의 500건
serve-route-home = 서비스 상태 페이지
serve-route-setup-form = 첫 사용자를 만드는 폼
serve-route-setup = 일회용 토큰으로 첫 사용자 만들기
serve-route-login-form = 로그인 폼
serve-route-login = 로그인
serve-route-logout = 로그아웃

cli-serve = 어드미션을 지키고 이벤트를 받고 상태를 알리는 서비스로 실행합니다
    .more =
        처음 시작하면 일회용 토큰이 표준 오류에 출력됩니다. 그 토큰으로 /setup을 여십시오.
        API 서버에 알려야 할 내용은 `haechi serve webhook-config`가 출력합니다.
cli-serve-listen = 요청을 받을 주소
    .value = ADDRESS
cli-serve-hook-listen = 어드미션과 이벤트 수집을 사람이 쓰는 주소와 나눌 때, 다른 프로그램이 호출할 주소
    .value = ADDRESS
cli-serve-data = 모든 데이터를 보관할 폴더
    .value = FOLDER
cli-serve-name = `haechi.haechi.svc`처럼 서비스를 부르는 이름. 여러 번 지정할 수 있습니다
    .value = NAME
cli-serve-tls-cert = PEM 형식의 인증서와 체인. 기본은 스스로 만들고 갱신합니다
    .value = FILE
cli-serve-tls-key = PEM 형식의 인증서 키
    .value = FILE
cli-serve-client-ca = API 서버의 클라이언트 인증서를 서명한 인증 기관, PEM 형식
    .value = FILE
cli-serve-policies = 정책과 그 매개변수가 있는 파일이나 폴더. 바뀌면 다시 읽습니다
    .value = PATH
cli-serve-inventory = 네임스페이스를 비롯해 정책이 조회할 클러스터 오브젝트가 있는 파일이나 폴더
    .value = PATH
cli-serve-check = 어드미션에서 물을 점검 항목. CHECK=deny, warn, audit, dryrun 형식. 여러 번 지정할 수 있습니다
    .value = CHECK
cli-serve-enforce = 정책에 적힌 것과 관계없이 위반을 어떻게 처리할지. POLICY=deny, warn, audit, dryrun 형식
    .value = POLICY
cli-serve-on-error = 정책에 적힌 것과 관계없이, 평가하지 못했을 때 요청을 통과시킬지. POLICY=allow, refuse 형식
    .value = POLICY
cli-serve-exempt-namespace = 아무것도 묻지 않을 네임스페이스. Haechi 자신의 네임스페이스를 넣으십시오
    .value = NAMESPACE
cli-serve-pod-security = 네임스페이스 레이블에 없거나 알 수 없을 때 적용할 파드 보안 표준. 예: `baseline`, `restricted:v1.30`
    .value = LEVEL
cli-serve-rego-first = CEL도 함께 있는 Gatekeeper 템플릿에서 Rego를 사용합니다
cli-serve-rules = 탐지 규칙이 있는 파일이나 폴더. 바뀌면 다시 읽습니다. `builtin`은 Haechi의 기본 규칙을 뜻하며, 지정하지 않으면 기본 규칙을 사용합니다
    .value = PATH
cli-serve-watch = 이벤트 파일이 도착하는 폴더. 여러 번 지정할 수 있습니다
    .value = FOLDER
cli-serve-sns-certificate = SNS 메시지의 서명을 확인할 인증서(PEM)가 있는 파일이나 폴더. 기본은 Amazon에서 가져옵니다
    .value = PATH
cli-serve-sns-topic = SNS 메시지를 받을 토픽. 여러 번 지정할 수 있습니다. 기본은 모든 토픽입니다
    .value = ARN
cli-serve-sns-unverified = SNS 메시지를 서명 확인 없이 받습니다
cli-serve-config = `[serve.admission]`, 점검 항목의 옵션, 파드를 담는 추가 종류를 읽을 설정 파일. 기본은 이 폴더에서 위로 찾은 파일입니다
    .value = FILE
cli-serve-demo = 약점이 있는 가상의 클러스터와 그 클러스터에 대한 공격을 보여 줍니다. 끝나면 모두 지워집니다
cli-serve-drain-delay = 종료 신호를 받은 뒤 모두가 다른 곳으로 옮길 때까지 계속 응답할 시간(초)
    .value = SECONDS
cli-serve-cluster-name = 여러 클러스터가 한 서비스에 보고할 때 발견 사항에서 이 클러스터를 부르는 이름
    .value = NAME
cli-serve-drain-time = 그 뒤 처리 중인 요청에 주는 시간(초)
    .value = SECONDS
cli-serve-webhooks = 이 서비스가 자신의 인증 기관을 최신으로 유지할 웹훅 구성의 이름
    .value = NAME
cli-serve-authority-secret = 인스턴스들이 인증 기관과 웹훅 키를 함께 쓸 시크릿. NAMESPACE/NAME 형식. 없으면 만듭니다
    .value = SECRET
cli-serve-secret = `{ $given }` 값은 NAMESPACE/NAME 형식이 아닙니다
cli-serve-webhook-config = API 서버가 신뢰할 인증 기관을 담아 웹훅 설정을 출력합니다
cli-serve-webhook-config-data = 서비스가 데이터를 보관하는 폴더
    .value = FOLDER
cli-serve-webhook-config-tls-cert = 서비스에 지정한 인증서와 체인
    .value = FILE
cli-serve-webhook-config-service = Haechi로 이어지는 서비스. NAMESPACE/NAME 또는 NAMESPACE/NAME:PORT 형식
    .value = SERVICE
cli-serve-webhook-config-url = 클러스터 밖에 있는 Haechi의 주소
    .value = URL
cli-serve-webhook-config-exempt-namespace = API 서버가 묻지 않을 네임스페이스. 서비스 자신의 네임스페이스는 항상 포함됩니다
    .value = NAMESPACE
cli-serve-webhook-config-fail-open = Haechi가 응답하지 않는 동안 요청을 통과시킵니다
cli-serve-webhook-config-timeout = API 서버가 기다릴 시간(초)
    .value = SECONDS
cli-serve-pair = `{ $given }`{ JOSA($given, "은/는") } NAME=VALUE 형식이 아닙니다
cli-serve-on-error-word = `{ $given }`{ JOSA($given, "은/는") } allow, refuse 중 하나가 아닙니다
cli-serve-service = `{ $given }`{ JOSA($given, "은/는") } NAMESPACE/NAME 또는 NAMESPACE/NAME:PORT 형식이 아닙니다
cli-serve-check-among = `{ $check }`{ JOSA($check, "은/는") } 오브젝트를 서로 비교하므로 요청 하나로는 판정할 수 없습니다. 스캔으로 찾으십시오
cli-serve-enforcement-word = `{ $given }`{ JOSA($given, "은/는") } deny, warn, audit, dryrun 중 하나가 아닙니다
cli-serve-policies-broken = 정책을 사용할 수 없습니다:
cli-serve-rules-broken = 탐지 규칙을 사용할 수 없습니다:

serve-findings = 해결되지 않은 발견 사항
serve-worst = 그중 가장 심각한 것
serve-detections = 최근 탐지
serve-state = 서비스 상태
serve-nothing-yet = 아직 들어온 것이 없습니다.
serve-column-cluster = 클러스터
serve-column-severity = 심각도
serve-column-count = 건수
serve-column-time = 시각
serve-column-rule = 규칙
serve-column-title = 제목
serve-column-resource = 오브젝트
serve-column-message = 내용
serve-route-findings = 발견 사항 목록, 심각한 것부터. ?cluster, rule, namespace, severity, fixed, limit, after
serve-route-detections = 탐지 목록, 최근 것부터. ?cluster, rule, incident, priority, from_us, to_us, limit, after
serve-route-incidents = 사고 목록, 최근에 바뀐 것부터. ?cluster, state, limit, after
serve-route-event = 이벤트를 본문과 함께 읽기. 읽은 사람은 저널에 기록
